//! The values of a pickle.

/// A result whose error describes the problem of a pickle.
pub type Result<T> = std::result::Result<T, String>;

/// A value. Lists and texts are stored in its [`super::Pickle`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Python's `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A string: the index of its text.
    Text(usize),
    /// A list or a tuple: the index of its list.
    List(usize),
    /// A dict or an OrderedDict: the index of a list of alternating keys and values.
    Dict(usize),
    /// A class or function: the index of the text `module.name`.
    Global(usize),
    /// A call that is not executed: the index of a list of two, the function and its tuple of arguments.
    Call(usize),
    /// A reference to an object outside the pickle: the index of the list that describes it.
    Persistent(usize),
}
