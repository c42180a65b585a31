//! Which file of a crate imports which: from `use` declarations, and from paths that begin with `crate`, `super`,
//! `self`, the library's name, or a child module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source::{Scope, scopes};

/// The name by which the program's files know the library.
const LIBRARY: &str = "skinlesion";

/// A module's path: its names from the crate's root.
pub type Names = Vec<String>;

/// A file of the crate.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its path below `src/`.
    pub path: String,
    /// Its module.
    module: Names,
    /// Its code, and that of each module within it.
    scopes: Vec<Scope>,
}

impl File {
    /// The first name of its module; none for `lib.rs`.
    pub fn layer(&self) -> Option<&str> {
        match self.path.as_str() {
            "main.rs" => Some("main"),
            _ => self.module.first().map(String::as_str),
        }
    }
}

/// All files of a crate.
pub struct Tree {
    files: Vec<File>,
    /// The text of `lib.rs`.
    documentation: String,
    /// What `pub use` makes known under a module: (module, name) → path.
    reexports: BTreeMap<(Names, String), Names>,
}

impl Tree {
    /// Reads every `.rs` file below a folder.
    pub fn read(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                    files.insert(
                        name.replace('\\', "/"),
                        std::fs::read_to_string(&path).unwrap(),
                    );
                }
            }
        }
        Self::new(files)
    }

    /// Takes files by their paths below `src/`. Those that a `#[cfg(test)] mod` names are left out.
    pub fn new(files: BTreeMap<String, String>) -> Self {
        let documentation = files.get("lib.rs").cloned().unwrap_or_default();
        let tests: BTreeSet<Names> = (files.iter())
            .flat_map(|(path, text)| test_modules(&module_of(path), text))
            .collect();
        let is_test = |module: &Names| (0..=module.len()).any(|n| tests.contains(&module[..n]));
        let files: Vec<File> = (files.into_iter())
            .map(|(path, text)| File {
                scopes: scopes(&module_of(&path), &text),
                module: module_of(&path),
                path,
            })
            .filter(|file| !is_test(&file.module))
            .collect();
        let mut tree = Self {
            files,
            documentation,
            reexports: BTreeMap::new(),
        };
        tree.reexports = tree.find_reexports();
        tree
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// The layers that the documentation of `lib.rs` lists, from top to bottom.
    pub fn layers(&self) -> Vec<&str> {
        (self.documentation.lines())
            .skip_while(|line| *line != "//! ```text")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .filter_map(|line| line.strip_prefix("//! ")?.split_whitespace().next())
            .collect()
    }

    /// Every import of the crate.
    pub fn imports(&self) -> Imports<'_> {
        let mut edges = BTreeSet::new();
        for (from, file) in self.files.iter().enumerate() {
            for scope in &file.scopes {
                let declared = use_declarations(&scope.code);
                // What is passed on counts for whoever uses it, but passing it on from another layer counts, too.
                let counts = |public: bool, path: &Names| {
                    let target = || self.file_of(&self.absolute(&scope.module, path)?, 0);
                    !public
                        || target().is_some_and(|to| {
                            file.layer().is_some() && self.files[to].layer() != file.layer()
                        })
                };
                let paths = declared.iter().flat_map(|found| {
                    let paths = found.paths.iter().map(|(path, _)| path);
                    paths.filter(|path| counts(found.public, path)).cloned()
                });
                let body = without_declarations(&scope.code);
                for path in paths.chain(self.paths_in(&scope.module, &body)) {
                    let path = self.absolute(&scope.module, &path);
                    if let Some(to) = path.and_then(|path| self.file_of(&path, 0))
                        && to != from
                    {
                        edges.insert((from, to));
                    }
                }
            }
        }
        Imports { tree: self, edges }
    }

    fn find_reexports(&self) -> BTreeMap<(Names, String), Names> {
        let mut found = BTreeMap::new();
        for scope in self.files.iter().flat_map(|file| &file.scopes) {
            for declaration in use_declarations(&scope.code).iter().filter(|d| d.public) {
                for (path, name) in &declaration.paths {
                    if let Some(path) = self.absolute(&scope.module, path) {
                        found.insert((scope.module.clone(), name.clone()), path);
                    }
                }
            }
        }
        found
    }

    /// Qualified paths in a module's code: those from a root, and those through a child module.
    fn paths_in(&self, module: &[String], body: &str) -> Vec<Names> {
        let is_child = |name: &str| {
            let child = [module, &[name.to_owned()]].concat();
            self.module(&child).is_some()
        };
        let roots = ["crate", "super", "self", LIBRARY];
        let mut found = Vec::new();
        for word in body.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let names: Names = word.split("::").map(str::to_owned).collect();
            if names.len() > 1 && (roots.contains(&names[0].as_str()) || is_child(&names[0])) {
                found.push(names);
            }
        }
        found
    }

    /// A path from the crate's root; none for one of another crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Names> {
        let mut base = module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" | LIBRARY => return Some(path[1..].to_vec()),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                let module = [base.as_slice(), &[child.to_owned()]].concat();
                self.module(&module)?;
            }
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// The file that a path from the root leads to, through re-exports.
    fn file_of(&self, path: &[String], depth: usize) -> Option<usize> {
        if depth > 10 {
            return None;
        }
        for length in (0..=path.len()).rev() {
            let Some(file) = self.module(&path[..length]) else {
                continue;
            };
            let name = path.get(length).cloned().unwrap_or_default();
            let reexported = self.reexports.get(&(path[..length].to_vec(), name));
            return match reexported {
                Some(target) => {
                    let path = [target.as_slice(), &path[length + 1..]].concat();
                    self.file_of(&path, depth + 1)
                }
                None => Some(file),
            };
        }
        None
    }

    fn module(&self, module: &[String]) -> Option<usize> {
        let is_it = |file: &File| file.module == module && file.path != "main.rs";
        self.files.iter().position(is_it)
    }
}

/// Which files import which.
pub struct Imports<'a> {
    tree: &'a Tree,
    edges: BTreeSet<(usize, usize)>,
}

impl<'a> Imports<'a> {
    /// The importing and the imported file of each import.
    pub fn edges(&self) -> impl Iterator<Item = (&'a File, &'a File)> {
        let files = &self.tree.files;
        let edges: Vec<_> = self.edges.iter().copied().collect();
        edges
            .into_iter()
            .map(|(from, to)| (&files[from], &files[to]))
    }

    /// Groups of files that import each other, directly or through others.
    pub fn cycles(&self) -> Vec<String> {
        let reach: Vec<BTreeSet<usize>> =
            (0..self.tree.files.len()).map(|f| self.reach(f)).collect();
        let mut told: BTreeSet<usize> = BTreeSet::new();
        let mut cycles = Vec::new();
        for file in 0..reach.len() {
            if !reach[file].contains(&file) || told.contains(&file) {
                continue;
            }
            let group = reach[file]
                .iter()
                .filter(|other| reach[**other].contains(&file));
            let group: Vec<usize> = group.copied().collect();
            told.extend(&group);
            let names: Vec<&str> = group
                .iter()
                .map(|f| self.tree.files[*f].path.as_str())
                .collect();
            cycles.push(names.join(", "));
        }
        cycles
    }

    /// Every file that a file imports, directly or through others.
    fn reach(&self, file: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![file];
        while let Some(next) = open.pop() {
            for &(_, to) in self.edges.range((next, 0)..(next + 1, 0)) {
                if found.insert(to) {
                    open.push(to);
                }
            }
        }
        found
    }
}

/// The module of a file below `src/`.
fn module_of(path: &str) -> Names {
    let plain = path.trim_end_matches(".rs");
    let mut names: Names = plain.split('/').map(str::to_owned).collect();
    if matches!(plain, "lib" | "main") || names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// The modules that a file declares for tests alone.
fn test_modules(module: &[String], text: &str) -> Vec<Names> {
    let declared = text.split("#[cfg(test)]").skip(1).filter_map(|after| {
        let item = after.split(';').next()?;
        let name = item.split_whitespace().last()?;
        (item.contains("mod ") && !item.contains('{')).then(|| name.to_owned())
    });
    declared.map(|name| [module, &[name]].concat()).collect()
}

/// A `use` declaration.
struct Declaration {
    public: bool,
    /// Each path, and the name that it goes by.
    paths: Vec<(Names, String)>,
}

fn use_declarations(code: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    for statement in code.split_inclusive(';') {
        let Some(at) = start_of_use(statement) else {
            continue;
        };
        let before = statement[..at].trim_end();
        let tree = statement[at + 4..].trim_end_matches(';').replace('\n', " ");
        found.push(Declaration {
            public: before.ends_with("pub") || before.ends_with(')') && before.contains("pub("),
            paths: expand(&tree),
        });
    }
    found
}

fn without_declarations(code: &str) -> String {
    let rest = |statement: &str| start_of_use(statement).map_or(statement.len(), |at| at);
    code.split_inclusive(';')
        .map(|statement| &statement[..rest(statement)])
        .collect()
}

/// Where the keyword `use` of a declaration at the end of some code is.
fn start_of_use(statement: &str) -> Option<usize> {
    let at = statement.rfind("use ")?;
    let before = statement[..at].chars().next_back();
    before
        .is_none_or(|c| !c.is_alphanumeric() && c != '_')
        .then_some(at)
}

/// The paths of a use tree such as `a::{b, c::{self, d as e}}`.
fn expand(tree: &str) -> Vec<(Names, String)> {
    let tree = tree.trim();
    let Some(brace) = tree.find('{') else {
        let (path, alias) = match tree.split_once(" as ") {
            Some((path, alias)) => (path, Some(alias.trim().to_owned())),
            None => (tree, None),
        };
        let mut names: Names = path
            .trim()
            .split("::")
            .map(|name| name.trim().to_owned())
            .collect();
        if names.len() > 1 && names.last().is_some_and(|name| name == "self") {
            names.pop();
        }
        let name = alias.or_else(|| names.last().cloned()).unwrap_or_default();
        return vec![(names, name)];
    };
    let (prefix, inner) = (
        &tree[..brace],
        tree[brace + 1..].trim_end_matches(['}', ' ']),
    );
    let inner = format!(
        "{inner}{}",
        "}".repeat(inner.matches('{').count() - inner.matches('}').count())
    );
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    (parts.iter())
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| expand(&format!("{prefix}{}", part.trim())))
        .collect()
}
