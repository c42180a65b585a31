//! Imports go down the layers that the crate's documentation lists, and no two files import each other.

// clippy.toml allows these in test functions; their helpers may use them too.
#![allow(clippy::unwrap_used)]

#[path = "layers/imports.rs"]
mod imports;
#[path = "layers/source.rs"]
mod source;

use std::collections::BTreeMap;
use std::path::Path;

use imports::{Imports, Tree};

fn the_tree() -> Tree {
    Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

#[test]
fn every_file_belongs_to_a_layer_and_every_layer_has_a_file() {
    let tree = the_tree();
    let layers = tree.layers();
    assert!(layers.len() > 10, "lib.rs lists the layers: {layers:?}");
    let of_files: Vec<&str> = tree.files().filter_map(|file| file.layer()).collect();
    for layer in of_files.iter() {
        assert!(
            layers.contains(layer),
            "src/{layer} is not in the list of layers in lib.rs"
        );
    }
    for layer in layers {
        assert!(
            of_files.contains(&layer),
            "lib.rs lists the layer {layer}, which has no file"
        );
    }
}

#[test]
fn imports_go_down_the_layers() {
    let tree = the_tree();
    let upward = upward(&tree);
    assert!(
        upward.is_empty(),
        "imports that go up the list of layers in lib.rs:\n{}",
        upward.join("\n")
    );
}

#[test]
fn no_files_import_each_other() {
    let cycles = the_tree().imports().cycles();
    assert!(cycles.is_empty(), "import cycles:\n{}", cycles.join("\n"));
}

fn upward(tree: &Tree) -> Vec<String> {
    let layers = tree.layers();
    let place = |layer: &str| layers.iter().position(|known| *known == layer);
    let imports: Imports = tree.imports();
    let mut found = Vec::new();
    for (from, to) in imports.edges() {
        let (Some(above), Some(below)) = (from.layer(), to.layer()) else {
            continue; // lib.rs, which is below everything and imports nothing
        };
        if place(below) < place(above) {
            found.push(format!("{} imports {}", from.path, to.path));
        }
    }
    found
}

fn tree_of(files: &[(&str, &str)]) -> Tree {
    let files: BTreeMap<String, String> = (files.iter())
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    Tree::new(files)
}

const LIB: (&str, &str) = (
    "lib.rs",
    "//! ```text\n//! top     above\n//! bottom  below\n//! ```\npub mod top;\npub mod bottom;\n",
);

#[test]
fn an_import_that_goes_up_is_found_however_it_is_written() {
    for import in [
        "use crate::top::Thing;",
        "use crate::{top::{self, Thing}};",
        "fn f() { crate::top::go() }",
        "use super::top::Thing as Other;",
    ] {
        let tree = tree_of(&[LIB, ("top.rs", "pub struct Thing;"), ("bottom.rs", import)]);
        assert_eq!(upward(&tree), ["bottom.rs imports top.rs"], "{import}");
    }
}

#[test]
fn an_import_through_a_parent_counts_for_the_file_that_it_names() {
    let tree = tree_of(&[
        LIB,
        ("top.rs", "use crate::bottom::Thing;"),
        ("bottom/mod.rs", "mod thing;\npub use thing::Thing;"),
        ("bottom/thing.rs", "use super::other;\npub struct Thing;"),
        ("bottom/other.rs", ""),
    ]);
    let edges: Vec<String> = (tree.imports().edges())
        .map(|(from, to)| format!("{} {}", from.path, to.path))
        .collect();
    assert_eq!(
        edges,
        ["bottom/thing.rs bottom/other.rs", "top.rs bottom/thing.rs"]
    );
}

#[test]
fn a_cycle_is_found_and_tests_and_comments_do_not_count() {
    let cycle = tree_of(&[
        LIB,
        ("top/mod.rs", "mod a;\nmod b;\nmod c;"),
        ("top/a.rs", "use super::b::B;"),
        ("top/b.rs", "fn f() { super::c::go() }"),
        ("top/c.rs", "use crate::top::a::A;"),
        ("bottom.rs", ""),
    ]);
    let cycles = cycle.imports().cycles();
    assert_eq!(cycles, ["top/a.rs, top/b.rs, top/c.rs"]);

    let none = tree_of(&[
        LIB,
        ("top.rs", "use crate::bottom::B;"),
        (
            "bottom.rs",
            "// use crate::top::A;\n/* crate::top::A */\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more { use crate::top::A; }\nconst S: &str = \"crate::top::A {\";",
        ),
        ("bottom/tests.rs", "use crate::top::A;"),
    ]);
    assert!(none.imports().cycles().is_empty());
    assert!(upward(&none).is_empty());
}
