//! A reader of FlatBuffer tables (<https://flatbuffers.dev/internals/>).
//!
//! Every offset is checked, so a damaged file gives an error and never a panic.

use crate::artifact::tflite::schema::Slot;

/// The problem with a file; messages prefix it with the path.
pub type Problem = String;

/// A table within the bytes of a file.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The vtable: offsets from the table to its fields, by slot.
    slots: &'a [u8],
}

/// A list within the bytes of a file.
#[derive(Clone, Copy)]
pub struct List<'a> {
    bytes: &'a [u8],
    /// The offset of the first element.
    at: usize,
    len: usize,
}

fn cut() -> Problem {
    "it is truncated or damaged: an offset points beyond its end".to_owned()
}

/// `len` bytes from an offset.
fn slice(bytes: &[u8], at: usize, len: usize) -> Result<&[u8], Problem> {
    let end = at.checked_add(len).ok_or_else(cut)?;
    bytes.get(at..end).ok_or_else(cut)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Problem> {
    slice(bytes, at, N)?.try_into().map_err(|_| cut())
}

/// The target of the relative offset at `at`.
fn follow(bytes: &[u8], at: usize) -> Result<usize, Problem> {
    let distance = u32::from_le_bytes(array(bytes, at)?);
    at.checked_add(distance as usize).ok_or_else(cut)
}

impl<'a> Table<'a> {
    /// The root table of a file with this file identifier.
    pub fn root(bytes: &'a [u8], identifier: &str) -> Result<Self, Problem> {
        if slice(bytes, 4, 4) != Ok(identifier.as_bytes()) {
            return Err("this is not a TFLite file".to_owned());
        }
        Self::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Result<Self, Problem> {
        let back = i64::from(i32::from_le_bytes(array(bytes, at)?));
        let slots = usize::try_from(at as i64 - back).map_err(|_| cut())?;
        let len = u16::from_le_bytes(array(bytes, slots)?);
        Ok(Self {
            bytes,
            at,
            slots: slice(bytes, slots, len.into())?,
        })
    }

    /// The offset of a field, if the table has it.
    fn field(&self, slot: Slot) -> Result<Option<usize>, Problem> {
        let slot = usize::from(slot);
        if slot + 2 > self.slots.len() {
            return Ok(None); // written with an older schema
        }
        match u16::from_le_bytes(array(self.slots, slot)?) {
            0 => Ok(None),
            offset => Ok(Some(self.at + usize::from(offset))),
        }
    }

    fn number<const N: usize, T>(
        &self,
        slot: Slot,
        read: fn([u8; N]) -> T,
        default: T,
    ) -> Result<T, Problem> {
        match self.field(slot)? {
            Some(at) => Ok(read(array(self.bytes, at)?)),
            None => Ok(default),
        }
    }

    /// An int8 field.
    pub fn i8(&self, slot: Slot, default: i8) -> Result<i8, Problem> {
        self.number(slot, i8::from_le_bytes, default)
    }

    /// An int32 field.
    pub fn i32(&self, slot: Slot, default: i32) -> Result<i32, Problem> {
        self.number(slot, i32::from_le_bytes, default)
    }

    /// A uint32 field that is a count or an index.
    pub fn index(&self, slot: Slot) -> Result<usize, Problem> {
        Ok(self.number(slot, u32::from_le_bytes, 0)? as usize)
    }

    /// A float32 field.
    pub fn f32(&self, slot: Slot, default: f32) -> Result<f32, Problem> {
        self.number(slot, f32::from_le_bytes, default)
    }

    /// A table field.
    pub fn table(&self, slot: Slot) -> Result<Option<Self>, Problem> {
        self.field(slot)?
            .map(|at| Self::at(self.bytes, follow(self.bytes, at)?))
            .transpose()
    }

    /// A list field; empty if missing.
    pub fn list(&self, slot: Slot) -> Result<List<'a>, Problem> {
        let bytes = self.bytes;
        let Some(at) = self.field(slot)? else {
            let (at, len) = (0, 0);
            return Ok(List { bytes, at, len });
        };
        let at = follow(bytes, at)?;
        let len = u32::from_le_bytes(array(bytes, at)?) as usize;
        let at = at + 4;
        Ok(List { bytes, at, len })
    }

    /// A string field; empty if missing.
    pub fn text(&self, slot: Slot) -> Result<&'a str, Problem> {
        let bytes = self.list(slot)?.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| "a string in it is not UTF-8".to_owned())
    }
}

impl<'a> List<'a> {
    /// The elements of a list of bytes.
    pub fn bytes(&self) -> Result<&'a [u8], Problem> {
        slice(self.bytes, self.at, self.len)
    }

    /// The elements of a list of numbers.
    pub fn numbers<const N: usize, T>(&self, read: fn([u8; N]) -> T) -> Result<Vec<T>, Problem> {
        let size = self.len.checked_mul(N).ok_or_else(cut)?;
        let (all, _) = slice(self.bytes, self.at, size)?.as_chunks();
        Ok(all.iter().map(|&one| read(one)).collect())
    }

    /// The elements of a list of tables.
    pub fn tables(&self) -> Result<Vec<Table<'a>>, Problem> {
        let size = self.len.checked_mul(4).ok_or_else(cut)?;
        slice(self.bytes, self.at, size)?;
        (0..self.len)
            .map(|index| Table::at(self.bytes, follow(self.bytes, self.at + 4 * index)?))
            .collect()
    }
}
