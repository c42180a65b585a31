//! The values of a pickle.

/// What is wrong with a pickle, in words.
pub type Result<T> = std::result::Result<T, String>;

/// A value; lists and texts lie in the [`super::Pickle`] that it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Python's `None`.
    Nothing,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A string: its number among the texts.
    Text(usize),
    /// A list or a tuple: its number among the lists.
    List(usize),
    /// A dict or an OrderedDict: the number of a list of keys and values in turn.
    Dict(usize),
    /// A class or function: the number of the text `module.name`.
    Global(usize),
    /// A call that was not made: the number of a list of two, the function and its tuple of arguments.
    Call(usize),
    /// A reference to something outside the pickle: the number of the list of what describes it.
    Persistent(usize),
}
