//! A list of classes, and a class as an index into it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};

use super::entry::{ClassEntry, MELANOMA, check};

/// The entries of a list. Equal lists share one of these (see [`ClassList`]).
#[derive(Debug, PartialEq, Eq)]
struct Entries {
    name: String,
    classes: Vec<ClassEntry>,
}

/// An ordered list of 2 to [`super::MAX_CLASSES`] classes. Probabilities, tables and plots use its order.
///
/// A list is kept until the program ends, equal lists once, so that lists and classes can be copied like numbers. A
/// program reads a handful at most.
#[derive(Clone, Copy)]
pub struct ClassList(&'static Entries);

/// A class: an index into a list. Classes are ordered by their index. Those of two lists are equal if index and code
/// are.
#[derive(Clone, Copy)]
pub struct Class {
    list: ClassList,
    index: usize,
}

static LISTS: Mutex<Vec<&'static Entries>> = Mutex::new(Vec::new());

impl ClassList {
    /// The list with this name and these classes.
    ///
    /// # Errors
    /// Fewer than 2 or more than [`super::MAX_CLASSES`] classes, codes that cannot be used, and labels of two classes.
    pub fn new(name: impl Into<String>, classes: Vec<ClassEntry>) -> Result<Self, String> {
        check(&classes)?;
        let name = name.into();
        let wanted = Entries { name, classes };
        let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lists.iter().find(|known| ***known == wanted) {
            return Ok(Self(known));
        }
        let kept: &'static Entries = Box::leak(Box::new(wanted));
        lists.push(kept);
        Ok(Self(kept))
    }

    /// The name, such as `ham10000`.
    pub fn name(self) -> &'static str {
        &self.0.name
    }

    /// What the list says of its classes, in order.
    pub fn entries(self) -> &'static [ClassEntry] {
        &self.0.classes
    }

    /// The number of classes.
    #[expect(clippy::len_without_is_empty, reason = "no list is empty")]
    pub fn len(self) -> usize {
        self.0.classes.len()
    }

    /// The classes in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Class> + ExactSizeIterator + Clone {
        (0..self.len()).map(move |index| Class { list: self, index })
    }

    /// A value for each class, in order.
    pub fn map<T>(self, of: impl FnMut(Class) -> T) -> Vec<T> {
        self.iter().map(of).collect()
    }

    /// The class with this index, if there is one.
    pub fn get(self, index: usize) -> Option<Class> {
        (index < self.len()).then_some(Class { list: self, index })
    }

    /// The class with this code, in any case.
    pub fn by_code(self, code: &str) -> Option<Class> {
        self.iter()
            .find(|class| class.code().eq_ignore_ascii_case(code))
    }

    /// The class of a label in a table: a code or an alias, in any case.
    pub fn by_label(self, label: &str) -> Option<Class> {
        let is = |known: &String| known.eq_ignore_ascii_case(label);
        let has = |class: &Class| class.entry().aliases.iter().any(is);
        self.by_code(label).or_else(|| self.iter().find(has))
    }

    /// The class with this code, in any case.
    ///
    /// # Errors
    /// The list has no such class.
    pub fn parse(self, code: &str) -> Result<Class, UnknownClass> {
        self.by_code(code).ok_or_else(|| UnknownClass {
            text: code.to_owned(),
            codes: self.codes(),
        })
    }

    /// The codes as "akiec, bcc, …", for messages.
    pub fn codes(self) -> String {
        self.map(Class::code).join(", ")
    }

    /// Melanoma: the class with the code `mel` or `melanoma`.
    pub fn melanoma(self) -> Option<Class> {
        MELANOMA.iter().find_map(|code| self.by_code(code))
    }

    /// Melanocytic nevus: the class with the code `nv`, `nev` or `nevus`.
    pub fn nevus(self) -> Option<Class> {
        ["nv", "nev", "nevus"]
            .iter()
            .find_map(|code| self.by_code(code))
    }

    /// The classes that must not be missed.
    pub fn watched(self) -> impl Iterator<Item = Class> {
        self.iter().filter(|class| class.is_watched())
    }

    /// The malignant classes; `None` unless there are malignant and benign ones.
    pub fn malignant(self) -> Option<Vec<Class>> {
        let malignant: Vec<Class> = self.iter().filter(|class| class.is_malignant()).collect();
        (1..self.len())
            .contains(&malignant.len())
            .then_some(malignant)
    }

    /// Whether both lists have the same codes in the same order.
    pub fn has_codes_of(self, other: Self) -> bool {
        self.map(Class::code) == other.map(Class::code)
    }
}

impl PartialEq for ClassList {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for ClassList {}

impl fmt::Debug for ClassList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.name(), self.codes())
    }
}

impl Class {
    /// The index in probabilities, from 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// The list that it belongs to.
    pub fn list(self) -> ClassList {
        self.list
    }

    /// What the list says of it.
    pub fn entry(self) -> &'static ClassEntry {
        &self.list.entries()[self.index]
    }

    /// The short code, as in the tables.
    pub fn code(self) -> &'static str {
        &self.entry().code
    }

    /// The name in words.
    pub fn name(self) -> &'static str {
        &self.entry().name
    }

    /// Whether it counts as malignant.
    pub fn is_malignant(self) -> bool {
        self.entry().malignant
    }

    /// Whether it must not be missed.
    pub fn is_watched(self) -> bool {
        self.entry().watch
    }
}

impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && (self.list == other.list || self.code() == other.code())
    }
}

impl Eq for Class {}

impl PartialOrd for Class {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Class {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |class: &Self| (class.index, class.code());
        key(self).cmp(&key(other))
    }
}

impl Hash for Class {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// As its code.
impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// The text is not the code of a class.
#[derive(Debug, thiserror::Error)]
#[error("'{text}' is not one of {codes}")]
pub struct UnknownClass {
    text: String,
    codes: String,
}

#[cfg(test)]
mod tests {
    use super::super::entry::MAX_CLASSES;
    use super::*;

    fn class(code: &str, aliases: &[&str]) -> ClassEntry {
        ClassEntry {
            code: code.to_owned(),
            name: format!("class {code}"),
            description: String::new(),
            malignant: code == "mel",
            watch: false,
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        }
    }

    #[test]
    fn equal_lists_and_their_classes_are_equal_and_others_are_not() {
        let list = || ClassList::new("two", vec![class("mel", &[]), class("nv", &[])]).unwrap();
        let other = ClassList::new("two", vec![class("nv", &[]), class("mel", &[])]).unwrap();
        assert_eq!(list(), list());
        assert_eq!(list().get(0), list().by_code("MEL"));
        assert_ne!(list(), other);
        assert_ne!(list().by_code("mel"), other.by_code("mel"));
        assert_eq!(list().get(2), None);
    }

    #[test]
    fn labels_are_found_in_any_case_and_codes_alone_are_parsed() {
        let list = ClassList::new("two", vec![class("mel", &["Melanoma"]), class("nv", &[])]);
        let list = list.unwrap();
        assert_eq!(list.by_label("MELANOMA"), list.melanoma());
        assert_eq!(list.parse("NV").unwrap(), list.nevus().unwrap());
        let error = list.parse("melanoma").unwrap_err().to_string();
        assert_eq!(error, "'melanoma' is not one of mel, nv");
    }

    #[test]
    fn an_alias_may_repeat_its_own_code() {
        let classes = vec![class("mel", &["MEL"]), class("nv", &["nv", "NV"])];
        let list = ClassList::new("two", classes).unwrap();
        assert_eq!(list.by_label("Nv"), list.nevus());
    }

    #[test]
    fn lists_that_no_file_can_hold_are_refused() {
        let many = || (0..=MAX_CLASSES).map(|index| class(&format!("c{index}"), &[]));
        assert!(ClassList::new("most", many().take(MAX_CLASSES).collect()).is_ok());
        for (classes, problem) in [
            (vec![class("mel", &[])], "2 to 100 classes, not 1"),
            (many().collect(), "2 to 100 classes, not 101"),
            (vec![class("mel", &[]), class("N V", &[])], "'N V'"),
            (
                vec![class("mel", &[]), class("mel", &[])],
                "'mel' names mel and mel",
            ),
            (
                vec![class("mel", &["b"]), class("nv", &["B"])],
                "'b' names mel and nv",
            ),
            (vec![class("mel", &[]), class("-nv", &[])], "begins with -"),
            (
                vec![class("mel", &[]), class("none", &[])],
                "another meaning",
            ),
            (
                vec![class("mel", &[]), class("truth", &[])],
                "'truth' is the name of another column",
            ),
            (
                vec![class("mel", &[]), class("melanoma", &[])],
                "mel and melanoma are both",
            ),
            (
                vec![class("mel", &["a\u{1b}"]), class("nv", &[])],
                "control",
            ),
        ] {
            let error = ClassList::new("bad", classes).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }
}
