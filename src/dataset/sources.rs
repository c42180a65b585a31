//! The sources of a dataset: the collections that its images come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Sample;
use crate::ClassList;

/// A source in `dataset.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name, as in the manifest.
    pub name: String,
    /// The number of its images in the manifest, in class order.
    pub images: Vec<usize>,
    /// The codes of the classes that none of its rows has, in class order. A network that is trained on several sources
    /// can learn from the look of this one that an image is none of these classes.
    pub unlabelled: Vec<String>,
}

impl Source {
    /// The sources of the samples that were read, by name. `kept` are the samples in the manifest. Samples without a
    /// source are not counted.
    pub fn of<'a>(
        classes: ClassList,
        read: impl Iterator<Item = &'a Sample>,
        kept: impl Iterator<Item = &'a Sample>,
    ) -> Vec<Self> {
        let labelled = count(classes, read);
        let kept = count(classes, kept);
        let source = |(name, labelled): (&str, Vec<usize>)| Self {
            name: name.to_owned(),
            images: kept
                .get(name)
                .cloned()
                .unwrap_or_else(|| vec![0; classes.len()]),
            unlabelled: (classes.iter())
                .filter(|class| labelled[class.index()] == 0)
                .map(|class| class.code().to_owned())
                .collect(),
        };
        labelled.into_iter().map(source).collect()
    }
}

/// The samples of each source, by class.
fn count<'a>(
    classes: ClassList,
    samples: impl Iterator<Item = &'a Sample>,
) -> BTreeMap<&'a str, Vec<usize>> {
    let mut counts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for sample in samples.filter(|sample| !sample.source.is_empty()) {
        let of_source = counts.entry(&sample.source);
        of_source.or_insert_with(|| vec![0; classes.len()])[sample.dx.index()] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;
    use crate::classes::{ham, ham10000};

    fn sample(dx: Class, source: &str) -> Sample {
        Sample {
            image_id: String::new(),
            lesion_id: String::new(),
            patient_id: String::new(),
            dx,
            dx_type: String::new(),
            age: String::new(),
            sex: String::new(),
            localization: String::new(),
            source: source.into(),
        }
    }

    #[test]
    fn a_class_whose_images_were_all_dropped_was_labelled_all_the_same() {
        let read = [
            sample(ham("nv"), "two"),
            sample(ham("mel"), "two"),
            sample(ham("df"), "one"),
            sample(ham("vasc"), ""),
        ];
        let sources = Source::of(ham10000(), read.iter(), read[..1].iter());
        let [one, two] = &sources[..] else {
            panic!("{sources:?}");
        };
        assert_eq!((&*one.name, &*one.images), ("one", &[0; 7][..]));
        assert_eq!(one.unlabelled, ["akiec", "bcc", "bkl", "mel", "nv", "vasc"]);
        assert_eq!(
            (&*two.name, &*two.images),
            ("two", &[0, 0, 0, 0, 0, 1, 0][..])
        );
        assert_eq!(two.unlabelled, ["akiec", "bcc", "bkl", "df", "vasc"]);
    }
}
