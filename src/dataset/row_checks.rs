//! Checks of a dataset that need only the rows of its manifest. They run whenever a dataset is opened.

use std::collections::{HashMap, HashSet};

use super::findings::{Fault, Findings};
use super::info::{DatasetInfo, SplitCounts};
use super::manifest::{self, Row};
use super::sample::Split;

/// All faults that the rows show.
pub fn of_rows(info: &DatasetInfo, rows: &[Row]) -> Vec<Fault> {
    let shared = shared_lesions(rows).into_iter();
    shared
        .chain(shared_patients(info, rows))
        .chain(shared_groups(info, rows))
        .chain(repeated_images(rows))
        .chain(counts(info, rows))
        .collect()
}

pub(super) fn shared_lesions(rows: &[Row]) -> Option<Fault> {
    let found = shared(rows, "lesion", |row| &row.sample.lesion_id);
    found.fault("lesions in more than one split or fold (leakage)")
}

pub(super) fn shared_patients(info: &DatasetInfo, rows: &[Row]) -> Option<Fault> {
    let found = match info.group_by.keeps_patients() {
        true => shared(rows, "patient", |row| &row.sample.patient_id),
        false => Findings::default(),
    };
    found.fault("patients in more than one split or fold (leakage)")
}

/// The rows whose `id` is in another place before. Empty ids are unknown.
fn shared(rows: &[Row], what: &str, id: fn(&Row) -> &String) -> Findings {
    let mut first_of = HashMap::new();
    let mut found = Findings::default();
    for (number, row) in rows
        .iter()
        .enumerate()
        .filter(|(_, row)| !id(row).is_empty())
    {
        let first: &Row = first_of.entry(id(row)).or_insert(row);
        let (here, there) = (row.place(), first.place());
        if here != there {
            let line = number + 2; // the header is line 1
            found.add(format!(
                "{} line {line}: {what} {} is in {there} and in {here}",
                manifest::FILE,
                id(row)
            ));
        }
    }
    found
}

pub(super) fn shared_groups(info: &DatasetInfo, rows: &[Row]) -> Option<Fault> {
    let near = info.near_duplicates.as_ref()?;
    let places: HashMap<&str, String> = rows
        .iter()
        .map(|row| (row.sample.lesion_id.as_str(), row.place()))
        .collect();
    let mut found = Findings::default();
    for group in &near.joined {
        let mut members = group
            .iter()
            .filter_map(|id| places.get_key_value(id.as_str()));
        let Some((first, there)) = members.next() else {
            continue;
        };
        if let Some((id, here)) = members.find(|(_, place)| *place != there) {
            found.add(format!(
                "{first} is in {there}; {id}, which shows the same skin, is in {here}"
            ));
        }
    }
    found.fault("near-duplicates in more than one split or fold (leakage)")
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
    found.fault("repeated images")
}

pub(super) fn counts(info: &DatasetInfo, rows: &[Row]) -> Option<Fault> {
    let counts = SplitCounts::of(
        info.classes,
        rows.iter().map(|row| (row.split, row.sample.dx)),
    );
    let mut found = Findings::default();
    if rows.len() != info.images {
        found.add(format!("{} images, not {}", rows.len(), info.images));
    }
    for split in Split::ALL {
        if counts.split(split) != info.counts.split(split) {
            found.add(format!(
                "{split}: {:?}, not {:?}",
                counts.split(split),
                info.counts.split(split)
            ));
        }
    }
    found.fault("counts in dataset.json differ from the manifest")
}
