//! The strata of a class: lesions that the splits and folds share evenly.

use std::collections::BTreeMap;

use strum::Display;

use super::duplicates::Lesion;

/// What the split is stratified by, within each class. Its text is used in the description of the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
pub enum Stratify {
    /// The localization.
    #[strum(to_string = "localization")]
    Localization,
    /// The source, and the localization within each source.
    #[strum(to_string = "source and localization")]
    SourceAndLocalization,
}

/// The size of lesions: the number of images that they would bring to validation or test.
pub fn size(lesions: &[Lesion], members: &[usize]) -> usize {
    members.iter().map(|&i| lesions[i].held_out.len()).sum()
}

/// The lesions of a class in strata: first one that pools what is too rare for a stratum, then the localizations in
/// alphabetical order. By source, the sources follow each other, and the rare localizations of a source are pooled
/// among themselves if together they are not too rare.
///
/// A stratum is too rare if its proportional quota of `smallest`, the size of the smallest split, is below one image.
pub fn strata(
    lesions: &[Lesion],
    members: &[usize],
    stratify: Stratify,
    smallest: usize,
) -> Vec<Vec<usize>> {
    let mut sources: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
    for &i in members {
        let source = match stratify {
            Stratify::Localization => "",
            Stratify::SourceAndLocalization => &lesions[i].source,
        };
        let by_localization = sources.entry(source).or_default();
        by_localization
            .entry(&lesions[i].localization)
            .or_default()
            .push(i);
    }
    let total = size(lesions, members);
    let is_rare = |stratum: &[usize]| size(lesions, stratum) * smallest < total;
    let (mut pool, mut strata) = (Vec::new(), Vec::new());
    for by_localization in sources.into_values() {
        let (rare, common): (Vec<_>, Vec<_>) = by_localization
            .into_values()
            .partition(|stratum| is_rare(stratum));
        let rare = rare.concat();
        match stratify {
            Stratify::SourceAndLocalization if !is_rare(&rare) => strata.push(rare),
            _ => pool.extend(rare),
        }
        strata.extend(common);
    }
    strata.insert(0, pool);
    strata
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham;

    #[test]
    fn rare_localizations_are_pooled_within_their_source_and_rare_sources_with_each_other() {
        let lesions: Vec<Lesion> = [
            ("one", "back", 6),
            ("one", "ear", 2),
            ("one", "face", 2),
            ("three", "ear", 1),
            ("two", "back", 5),
            ("two", "ear", 1),
        ]
        .into_iter()
        .flat_map(|(source, localization, lesions)| {
            let lesion = Lesion {
                dx: ham("nv"),
                source: source.into(),
                localization: localization.into(),
                training: vec![0],
                held_out: vec![0],
            };
            vec![lesion; lesions]
        })
        .collect();
        let members: Vec<usize> = (0..17).collect();
        let of = |stratify| {
            let strata = strata(&lesions, &members, stratify, 5);
            let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
            sizes
        };
        // The quota of a stratum of 4 is 4 × 5 / 17, more than one image; that of 3 is less.
        assert_eq!(of(Stratify::SourceAndLocalization), [2, 4, 6, 5]);
        assert_eq!(of(Stratify::Localization), [2, 11, 4]);
    }
}
