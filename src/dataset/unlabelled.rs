//! The classes that a source never labels.

use std::collections::BTreeMap;

use super::manifest::Row;
use crate::Diagnosis;

/// For each source, in class order, whether at least one of its images has the class as its label. Images without a
/// source are left out: nothing is known about who labelled them.
pub fn labelled(rows: &[Row]) -> BTreeMap<&str, [bool; Diagnosis::COUNT]> {
    let mut sources: BTreeMap<&str, [bool; Diagnosis::COUNT]> = BTreeMap::new();
    for sample in rows.iter().map(|row| &row.sample) {
        if !sample.source.is_empty() {
            let classes = sources.entry(&sample.source).or_default();
            classes[sample.dx.index()] = true;
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Sample, Split};

    fn row(source: &str, dx: Diagnosis, split: Split) -> Row {
        Row {
            sample: Sample {
                image_id: "A".into(),
                lesion_id: "A".into(),
                dx,
                dx_type: String::new(),
                age: String::new(),
                sex: "unknown".into(),
                localization: "unknown".into(),
                source: source.into(),
            },
            split,
            fold: None,
        }
    }

    #[test]
    fn a_source_labels_the_classes_of_its_images_in_every_split() {
        let rows = [
            row("b", Diagnosis::Mel, Split::Train),
            row("b", Diagnosis::Nv, Split::Test),
            row("a", Diagnosis::Df, Split::Val),
            row("", Diagnosis::Vasc, Split::Train),
        ];
        let only = |classes: &[Diagnosis]| Diagnosis::ALL.map(|class| classes.contains(&class));
        let expected = [
            ("a", only(&[Diagnosis::Df])),
            ("b", only(&[Diagnosis::Mel, Diagnosis::Nv])),
        ];
        assert_eq!(labelled(&rows), expected.into());
    }
}
