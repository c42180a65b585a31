//! Tables of a FlatBuffer, read by their slots. Every place is checked, so that a damaged file is a problem in words
//! and never a panic. The layout is described at <https://flatbuffers.dev/internals/>.

use crate::artifact::tflite::schema::Slot;

/// What is wrong with a file, to follow its name.
pub type Problem = String;

/// A table within the bytes of a file.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The list of offsets from the table to its fields, by slot.
    slots: &'a [u8],
}

/// A list within the bytes of a file.
#[derive(Clone, Copy)]
pub struct List<'a> {
    bytes: &'a [u8],
    /// Where the first element lies.
    at: usize,
    len: usize,
}

fn cut() -> Problem {
    "it is cut short or damaged: something lies beyond its end".to_owned()
}

/// So many bytes from a place on.
fn slice(bytes: &[u8], at: usize, len: usize) -> Result<&[u8], Problem> {
    let end = at.checked_add(len).ok_or_else(cut)?;
    bytes.get(at..end).ok_or_else(cut)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Problem> {
    slice(bytes, at, N)?.try_into().map_err(|_| cut())
}

/// Follows the reference at a place to what it refers to.
fn follow(bytes: &[u8], at: usize) -> Result<usize, Problem> {
    let distance = u32::from_le_bytes(array(bytes, at)?);
    at.checked_add(distance as usize).ok_or_else(cut)
}

impl<'a> Table<'a> {
    /// The table that a file begins with, if the file is of the kind with this identifier.
    pub fn root(bytes: &'a [u8], identifier: &str) -> Result<Self, Problem> {
        if slice(bytes, 4, 4) != Ok(identifier.as_bytes()) {
            return Err("not a TFLite file".to_owned());
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

    /// Where a field lies, if the table has it.
    fn field(&self, slot: Slot) -> Result<Option<usize>, Problem> {
        let slot = usize::from(slot);
        if slot + 2 > self.slots.len() {
            return Ok(None); // written by a program that did not know the field
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

    /// A field of one byte.
    pub fn i8(&self, slot: Slot, default: i8) -> Result<i8, Problem> {
        self.number(slot, i8::from_le_bytes, default)
    }

    /// A field of four bytes.
    pub fn i32(&self, slot: Slot, default: i32) -> Result<i32, Problem> {
        self.number(slot, i32::from_le_bytes, default)
    }

    /// A field that counts or names a place.
    pub fn place(&self, slot: Slot) -> Result<usize, Problem> {
        Ok(self.number(slot, u32::from_le_bytes, 0)? as usize)
    }

    /// A field with a fraction.
    pub fn f32(&self, slot: Slot, default: f32) -> Result<f32, Problem> {
        self.number(slot, f32::from_le_bytes, default)
    }

    /// A table that this one refers to.
    pub fn table(&self, slot: Slot) -> Result<Option<Self>, Problem> {
        self.field(slot)?
            .map(|at| Self::at(self.bytes, follow(self.bytes, at)?))
            .transpose()
    }

    /// A list that this table refers to; an empty one if it does not.
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

    /// A text that this table refers to; an empty one if it does not.
    pub fn text(&self, slot: Slot) -> Result<&'a str, Problem> {
        let bytes = self.list(slot)?.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| "a text in it is damaged".to_owned())
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
            .map(|place| Table::at(self.bytes, follow(self.bytes, self.at + 4 * place)?))
            .collect()
    }
}
