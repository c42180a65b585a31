//! The stack machine that runs a pickle.

use std::collections::BTreeMap;

use super::value::{Result, Value};

/// The class whose call without arguments is an empty dict.
const ORDERED_DICT: &str = "collections.OrderedDict";

/// State of the stack machine.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Value>,
    pub(super) texts: Vec<String>,
    pub(super) lists: Vec<Vec<Value>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: BTreeMap::new(),
            texts: Vec::new(),
            lists: Vec::new(),
        }
    }

    /// Runs until the STOP instruction, and returns the value on top of the stack.
    pub(super) fn run(&mut self, allowed: &[&str]) -> Result<Value> {
        loop {
            let opcode = self.byte()?;
            match opcode {
                // PROTO
                0x80 => match self.byte()? {
                    2 => {}
                    other => return Err(format!("it has pickle protocol {other}, not 2")),
                },
                b'.' => return self.pop(),
                b'(' => self.marks.push(self.stack.len()),
                b'N' => self.stack.push(Value::None),
                0x88 => self.stack.push(Value::Bool(true)),
                0x89 => self.stack.push(Value::Bool(false)),
                b'K' => {
                    let number = self.byte()?;
                    self.stack.push(Value::Int(number.into()));
                }
                b'M' => {
                    let number = u16::from_le_bytes(self.array()?);
                    self.stack.push(Value::Int(number.into()));
                }
                b'J' => {
                    let number = i32::from_le_bytes(self.array()?);
                    self.stack.push(Value::Int(number.into()));
                }
                0x8a => self.long()?,
                b'X' => self.unicode()?,
                b'c' => self.global(allowed)?,
                b')' => self.push_list(Vec::new(), Value::List),
                b']' => self.push_list(Vec::new(), Value::List),
                b'}' => self.push_list(Vec::new(), Value::Dict),
                b't' => {
                    let values = self.pop_to_mark()?;
                    self.push_list(values, Value::List);
                }
                0x85..=0x87 => {
                    let values = self.pop_many(usize::from(opcode - 0x84))?;
                    self.push_list(values, Value::List);
                }
                b'a' => {
                    let value = self.pop()?;
                    self.extend_list(vec![value])?;
                }
                b'e' => {
                    let values = self.pop_to_mark()?;
                    self.extend_list(values)?;
                }
                b's' => {
                    let pair = self.pop_many(2)?;
                    self.extend_dict(pair)?;
                }
                b'u' => {
                    let pairs = self.pop_to_mark()?;
                    self.extend_dict(pairs)?;
                }
                b'q' => {
                    let index = self.byte()?;
                    self.put(index.into())?;
                }
                b'r' => {
                    let index = u32::from_le_bytes(self.array()?);
                    self.put(index)?;
                }
                b'h' => {
                    let index = self.byte()?;
                    self.get(index.into())?;
                }
                b'j' => {
                    let index = u32::from_le_bytes(self.array()?);
                    self.get(index)?;
                }
                b'Q' => self.persistent()?,
                b'R' => self.reduce()?,
                b'b' => self.build()?,
                other => {
                    return Err(format!(
                        "it has the instruction 0x{other:02x}, which is not allowed in a state dict"
                    ));
                }
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..count).ok_or("it ends too early")?;
        self.at += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn line(&mut self) -> Result<&'a str> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(length.ok_or("it ends too early")?)?;
        self.at += 1;
        std::str::from_utf8(line).map_err(|_| "a name is not UTF-8".into())
    }

    /// The lowest index of the stack that may be popped. Values below belong to an open mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Value> {
        Ok(self.pop_many(1)?[0])
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>> {
        match self.stack.len().checked_sub(count) {
            Some(rest) if rest >= self.floor() => Ok(self.stack.split_off(rest)),
            _ => Err("it pops from an empty stack".into()),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop().ok_or("a mark is missing")?;
        Ok(self.stack.split_off(mark))
    }

    fn push_list(&mut self, values: Vec<Value>, make: fn(usize) -> Value) {
        self.lists.push(values);
        self.stack.push(make(self.lists.len() - 1));
    }

    fn push_text(&mut self, text: String, make: fn(usize) -> Value) {
        self.texts.push(text);
        self.stack.push(make(self.texts.len() - 1));
    }

    fn long(&mut self) -> Result<()> {
        let count = usize::from(self.byte()?);
        if count > 8 {
            return Err("it has an integer of more than 64 bits".into());
        }
        let digits = self.take(count)?;
        let negative = digits.last().is_some_and(|digit| digit & 0x80 != 0);
        let mut number = [if negative { 0xff } else { 0 }; 8];
        number[..count].copy_from_slice(digits);
        self.stack.push(Value::Int(i64::from_le_bytes(number)));
        Ok(())
    }

    fn unicode(&mut self) -> Result<()> {
        let length = u32::from_le_bytes(self.array()?);
        let bytes = self.take(length as usize)?;
        let text = std::str::from_utf8(bytes).map_err(|_| "a string is not UTF-8")?;
        self.push_text(text.to_owned(), Value::Text);
        Ok(())
    }

    fn global(&mut self, allowed: &[&str]) -> Result<()> {
        let name = format!("{}.{}", self.line()?, self.line()?);
        if name != ORDERED_DICT && !allowed.contains(&name.as_str()) {
            return Err(format!(
                "it refers to {name:?}, which is not allowed in a state dict of tensors"
            ));
        }
        self.push_text(name, Value::Global);
        Ok(())
    }

    fn top(&self) -> Result<Value> {
        match self.stack.last() {
            Some(value) if self.stack.len() > self.floor() => Ok(*value),
            _ => Err("it pops from an empty stack".into()),
        }
    }

    fn extend_list(&mut self, values: Vec<Value>) -> Result<()> {
        let Value::List(index) = self.top()? else {
            return Err("it appends to a value that is not a list".into());
        };
        self.lists[index].extend(values);
        Ok(())
    }

    fn extend_dict(&mut self, pairs: Vec<Value>) -> Result<()> {
        let Value::Dict(index) = self.top()? else {
            return Err("it sets items of a value that is not a dict".into());
        };
        if !pairs.len().is_multiple_of(2) {
            return Err("a key has no value".into());
        }
        self.lists[index].extend(pairs);
        Ok(())
    }

    fn put(&mut self, index: u32) -> Result<()> {
        let value = self.top()?;
        self.memo.insert(index, value);
        Ok(())
    }

    fn get(&mut self, index: u32) -> Result<()> {
        let value = self.memo.get(&index);
        let value = value.ok_or("it reads a memo entry that does not exist")?;
        self.stack.push(*value);
        Ok(())
    }

    fn persistent(&mut self) -> Result<()> {
        let Value::List(index) = self.pop()? else {
            return Err("a persistent id is not a tuple".into());
        };
        self.stack.push(Value::Persistent(index));
        Ok(())
    }

    fn reduce(&mut self) -> Result<()> {
        let pair = self.pop_many(2)?;
        let (Value::Global(name), Value::List(arguments)) = (pair[0], pair[1]) else {
            return Err("it calls a value that is not a function".into());
        };
        if self.texts[name] != ORDERED_DICT {
            // Only the index of the arguments is stored, so that repeated calls with one tuple do not copy it.
            self.push_list(vec![pair[0], pair[1]], Value::Call);
            return Ok(());
        }
        if !self.lists[arguments].is_empty() {
            return Err("it creates an OrderedDict with arguments".into());
        }
        self.push_list(Vec::new(), Value::Dict);
        Ok(())
    }

    /// Ignores `_metadata`, which PyTorch attaches to a state dict's OrderedDict.
    fn build(&mut self) -> Result<()> {
        self.pop()?;
        match self.top()? {
            Value::Dict(_) => Ok(()),
            _ => Err("it sets the state of a value that is not a dict".into()),
        }
    }
}
