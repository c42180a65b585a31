//! Groups of lesions that near-duplicates connect.

use std::collections::BTreeMap;

use super::search::Pair;
use crate::dataset::Sample;

/// The connected components of the lesions in `pairs`: groups of two or more lesion ids, sorted.
pub fn groups(samples: &[Sample], pairs: &[Pair]) -> Vec<Vec<String>> {
    let mut parent: BTreeMap<&str, &str> = BTreeMap::new();
    for pair in pairs {
        let [a, b] = [pair.first, pair.second].map(|image| {
            let lesion = samples[image].lesion_id.as_str();
            root(&parent, lesion)
        });
        // The smaller id becomes the root, so that the result does not depend on the order of pairs.
        let (above, below) = (a.min(b), a.max(b));
        parent.insert(above, above);
        parent.insert(below, above);
    }
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for &lesion in parent.keys() {
        let of_group = groups.entry(root(&parent, lesion)).or_default();
        of_group.push(lesion.to_owned());
    }
    groups
        .into_values()
        .filter(|group| group.len() > 1)
        .collect()
}

/// The root of a lesion's group.
fn root<'a>(parent: &BTreeMap<&'a str, &'a str>, mut lesion: &'a str) -> &'a str {
    while let Some(&above) = parent.get(lesion)
        && above != lesion
    {
        lesion = above;
    }
    lesion
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham;
    use crate::dataset::near_duplicates::fingerprint::Similarity;
    use crate::imaging::symmetry::Symmetry;

    #[test]
    fn pairs_that_share_a_lesion_form_one_group_in_any_order() {
        let samples: Vec<Sample> = ["E", "A", "C", "B", "D", "F"]
            .map(|lesion| Sample {
                image_id: format!("image of {lesion}"),
                lesion_id: lesion.into(),
                patient_id: String::new(),
                dx: ham("nv"),
                dx_type: String::new(),
                age: String::new(),
                sex: String::new(),
                localization: String::new(),
                source: String::new(),
            })
            .to_vec();
        let similarity = Similarity {
            symmetry: Symmetry::ALL[0],
            bits: 0,
            detail: 1.0,
            difference: 0.0,
        };
        let pair = |first, second| Pair {
            first,
            second,
            similarity,
        };
        let mut pairs = vec![pair(1, 2), pair(3, 4), pair(0, 4), pair(2, 3)];
        for _ in 0..4 {
            pairs.rotate_left(1);
            assert_eq!(groups(&samples, &pairs), [["A", "B", "C", "D", "E"]]);
        }
        assert_eq!(groups(&samples, &pairs[..0]), Vec::<Vec<String>>::new());
    }
}
