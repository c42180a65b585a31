//! The classes that a network tells apart: a list of codes with names, read from a file or built in.

mod built_in;
mod choose;
mod entry;
mod file;
mod list;
mod serialization;

pub use self::built_in::{BUILT_IN, by_name, ham10000};
pub use self::choose::{choose, uncovered};
pub use self::entry::{ClassEntry, MAX_CLASSES, MELANOMA};
pub use self::file::{read, to_toml};
pub use self::list::{Class, ClassList, UnknownClass};
pub use self::serialization::with_codes;

/// The class of HAM10000 with this code, for tests.
#[cfg(test)]
pub(crate) fn ham(code: &str) -> Class {
    ham10000().by_code(code).unwrap()
}
