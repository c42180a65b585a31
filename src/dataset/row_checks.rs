//! What the rows of a manifest alone show to be wrong with a dataset. Cheap enough to be asked whenever one is opened.

use std::collections::{HashMap, HashSet};

use super::findings::{Fault, Findings};
use super::info::{DatasetInfo, SplitCounts};
use super::manifest;
use super::manifest::Row;
use super::sample::Split;

/// What the rows alone show to be wrong.
pub fn of_rows(info: &DatasetInfo, rows: &[Row]) -> Vec<Fault> {
    let shared = shared_lesions(rows).into_iter();
    shared
        .chain(shared_groups(info, rows))
        .chain(repeated_images(rows))
        .chain(counts(info, rows))
        .collect()
}

pub(super) fn shared_lesions(rows: &[Row]) -> Option<Fault> {
    let mut first_of = HashMap::new();
    let mut found = Findings::default();
    for (number, row) in rows.iter().enumerate() {
        let lesion = row.sample.lesion_id.as_str();
        let first: &Row = first_of.entry(lesion).or_insert(row);
        let (here, there) = (row.place(), first.place());
        if here != there {
            let line = number + 2; // the header is line 1
            found.add(format!(
                "{} line {line}: lesion {lesion} is in {there} and in {here}",
                manifest::FILE
            ));
        }
    }
    found.fault("lesions are in two parts or folds, which leaks")
}

pub(super) fn shared_groups(info: &DatasetInfo, rows: &[Row]) -> Option<Fault> {
    let near = info.near_duplicates.as_ref()?;
    let places: HashMap<&str, String> = rows
        .iter()
        .map(|row| (row.sample.lesion_id.as_str(), row.place()))
        .collect();
    let mut found = Findings::default();
    for group in &near.joined {
        let mut of_group = group
            .iter()
            .filter_map(|id| places.get_key_value(id.as_str()));
        let Some((first, there)) = of_group.next() else {
            continue;
        };
        if let Some((id, here)) = of_group.find(|(_, place)| *place != there) {
            found.add(format!(
                "{first} is in {there}, {id}, which shows the same skin, in {here}"
            ));
        }
    }
    found.fault("lesions that show the same skin are in two parts or folds, which leaks")
}

pub(super) fn repeated_images(rows: &[Row]) -> Option<Fault> {
    let mut known = HashSet::new();
    let mut found = Findings::default();
    for (number, row) in rows.iter().enumerate() {
        let image = &row.sample.image_id;
        if !known.insert(image) {
            found.add(format!("{} line {}: {image}", manifest::FILE, number + 2));
        }
    }
    found.fault("images are there twice")
}

pub(super) fn counts(info: &DatasetInfo, rows: &[Row]) -> Option<Fault> {
    let counts = SplitCounts::of(rows.iter().map(|row| (row.split, row.sample.dx)));
    let mut found = Findings::default();
    if rows.len() != info.images {
        found.add(format!("{} images, not {}", rows.len(), info.images));
    }
    for part in Split::ALL {
        if counts.split(part) != info.counts.split(part) {
            found.add(format!(
                "{part}: {:?}, not {:?}",
                counts.split(part),
                info.counts.split(part)
            ));
        }
    }
    found.fault("the counts of dataset.json are not those of the manifest")
}
