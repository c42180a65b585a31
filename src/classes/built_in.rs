//! The lists that the program knows.

use std::sync::LazyLock;

use super::file;
use super::list::ClassList;

/// The built-in lists by name, `ham10000` first.
pub static BUILT_IN: LazyLock<Vec<ClassList>> = LazyLock::new(|| {
    let list = |(name, text): (&str, &str)| {
        #[expect(clippy::expect_used, reason = "a test reads all five")]
        file::parse(name, text).expect("a built-in list is right")
    };
    TEXTS.into_iter().map(list).collect()
});

const TEXTS: [(&str, &str); 5] = [
    ("ham10000", include_str!("ham10000.toml")),
    ("isic2019", include_str!("isic2019.toml")),
    ("isic2017", include_str!("isic2017.toml")),
    ("melanoma", include_str!("melanoma.toml")),
    ("pad-ufes-20", include_str!("pad-ufes-20.toml")),
];

/// The seven classes of HAM10000: akiec, bcc, bkl, df, mel, nv, vasc.
pub fn ham10000() -> ClassList {
    BUILT_IN[0]
}

/// The built-in list with this name.
pub fn by_name(name: &str) -> Option<ClassList> {
    BUILT_IN.iter().copied().find(|list| list.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_have_the_classes_of_their_data_in_order() {
        let codes = |name| by_name(name).unwrap().codes();
        assert_eq!(ham10000().codes(), "akiec, bcc, bkl, df, mel, nv, vasc");
        assert_eq!(codes("isic2019"), "mel, nv, bcc, ak, bkl, df, vasc, scc");
        assert_eq!(codes("isic2017"), "mel, nv, bkl");
        assert_eq!(codes("melanoma"), "mel, other");
        assert_eq!(codes("pad-ufes-20"), "ack, bcc, mel, nev, scc, sek");
    }

    #[test]
    fn every_list_watches_melanoma_and_has_benign_and_malignant_classes() {
        for list in BUILT_IN.iter() {
            let watched: Vec<_> = list.watched().collect();
            assert_eq!(watched, [list.melanoma().unwrap()], "{list:?}");
            assert!(list.malignant().is_some(), "{list:?}");
            assert!(
                list.iter()
                    .all(|class| !class.entry().description.is_empty())
            );
        }
    }
}
