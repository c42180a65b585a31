//! A safe reader of the subset of Python's pickle format that PyTorch state dicts use.
//!
//! A pickle is a program for a stack machine that can call any Python function. This reader supports only the
//! instructions of `machine.rs`, accepts only names that its caller allows, and calls nothing: a call remains a value
//! that the caller interprets. Values are in flat lists and refer to each other by index, so that a malicious file
//! cannot cause recursion. A value takes up to forty times the memory of its instruction, so the length of a pickle is
//! limited.
//!
//! The instructions are those of protocol 2 (see Python's `pickletools`), the default of `torch.save`.

mod machine;
mod value;

use self::machine::Machine;
pub use self::value::{Result, Value};

/// The longest pickle that is read, in bytes. That of a MobileNetV2 has some 30 kB.
const MAX_LENGTH: usize = 16 << 20;

/// A parsed pickle.
#[derive(Debug)]
pub struct Pickle {
    /// The value of the pickle.
    pub root: Value,
    /// Length in bytes.
    pub length: usize,
    texts: Vec<String>,
    lists: Vec<Vec<Value>>,
}

impl Pickle {
    /// Reads the pickle at the start of `bytes`, of at most 16 MiB. Names other than OrderedDict must be in `allowed`.
    pub fn read(bytes: &[u8], allowed: &[&str]) -> Result<Self> {
        let mut machine = Machine::new(&bytes[..bytes.len().min(MAX_LENGTH)]);
        let root = machine.run(allowed)?;
        Ok(Self {
            root,
            length: machine.at,
            texts: machine.texts,
            lists: machine.lists,
        })
    }

    /// The text of a string or name.
    pub fn text(&self, value: Value) -> Result<&str> {
        match value {
            Value::Text(index) | Value::Global(index) => Ok(&self.texts[index]),
            _ => Err(format!("a string was expected, not {}", self.kind(value))),
        }
    }

    /// The entries of a list, tuple, call or reference.
    pub fn list(&self, value: Value) -> Result<&[Value]> {
        match value {
            Value::List(index) | Value::Call(index) | Value::Persistent(index) => {
                Ok(&self.lists[index])
            }
            _ => Err(format!("a list was expected, not {}", self.kind(value))),
        }
    }

    /// The keys and values of a dict.
    pub fn dict(&self, value: Value) -> Result<impl Iterator<Item = (Value, Value)>> {
        match value {
            Value::Dict(index) => Ok(self.lists[index].chunks_exact(2).map(|p| (p[0], p[1]))),
            _ => Err(format!("a dict was expected, not {}", self.kind(value))),
        }
    }

    /// The value of an integer.
    pub fn int(&self, value: Value) -> Result<i64> {
        match value {
            Value::Int(number) => Ok(number),
            _ => Err(format!("a number was expected, not {}", self.kind(value))),
        }
    }

    /// The kind of a value, for messages.
    pub fn kind(&self, value: Value) -> String {
        match value {
            Value::None => "None".into(),
            Value::Bool(_) => "a boolean".into(),
            Value::Int(_) => "a number".into(),
            Value::Text(_) => "a string".into(),
            Value::List(_) => "a list".into(),
            Value::Dict(_) => "a dict".into(),
            Value::Global(index) => self.texts[index].clone(),
            Value::Call(index) => match self.lists[index].first() {
                Some(Value::Global(name)) => format!("a call of {}", self.texts[*name]),
                _ => "a call".into(),
            },
            Value::Persistent(_) => "a storage".into(),
        }
    }
}
