//! Validates a dataset folder: its files are unchanged, and its splits share no lesions, images or near-duplicates.
//!
//! The cheap checks ([`super::row_checks`]) run whenever a dataset is opened. [`validate`] also hashes all pixels.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::findings::{Fault, Findings, counted};
use super::folder::Dataset;
use super::info::{self, DatasetInfo};
use super::manifest::{self, Row};
use super::near_duplicates::search;
use super::pixels::{self, Pixels};
use super::row_checks::{counts, repeated_images, shared_groups, shared_lesions, shared_patients};
use super::sample::Split;
use crate::files::{self, Lock};
use crate::progress::Progress;
use crate::{Error, Result};

/// The result of a validation.
#[derive(Debug, Default)]
pub struct ValidationReport {
    /// The checks that passed, in short sentences.
    pub proved: Vec<String>,
    /// What could not be checked, because files of older versions carry no digest.
    pub not_checked: Vec<String>,
    /// The checks that failed.
    pub faults: Vec<Fault>,
}

impl ValidationReport {
    /// Adds the faults, or the passed check `proved` if there are none.
    pub fn note(&mut self, faults: impl IntoIterator<Item = Fault>, proved: impl Into<String>) {
        let before = self.faults.len();
        self.faults.extend(faults);
        if self.faults.len() == before {
            self.proved.push(proved.into());
        }
    }

    /// Adds everything that another report says.
    pub fn extend(&mut self, other: Self) {
        self.proved.extend(other.proved);
        self.not_checked.extend(other.not_checked);
        self.faults.extend(other.faults);
    }
}

/// Validates a folder. The dataset is returned with the report if `pixels.bin` has the expected size.
///
/// # Errors
/// `dataset.json` or the manifest cannot be read.
pub fn validate(
    folder: &Path,
    progress: &dyn Progress,
) -> Result<(ValidationReport, Option<Dataset>)> {
    let lock = Lock::to_read(folder)?;
    let info = DatasetInfo::read(&folder.join(info::FILE))?;
    let manifest_path = folder.join(manifest::FILE);
    let mut report = ValidationReport::default();
    let same = files::sha256_file(&manifest_path)? == info.hashes.manifest;
    let changed =
        |file: &str| Fault::new(format!("{file} has another hash than in {}", info::FILE));
    report.note(
        (!same).then(|| changed(manifest::FILE)),
        format!("{} is unchanged", manifest::FILE),
    );
    let rows = manifest::read(&manifest_path, info.classes)?;
    report.note(
        shared_lesions(&rows),
        "no lesion is in more than one split or fold",
    );
    if info.group_by.keeps_patients() {
        report.note(
            shared_patients(&info, &rows),
            "no patient is in more than one split or fold",
        );
    }
    report.note(repeated_images(&rows), "no image is repeated");
    report.note(counts(&info, &rows), "the counts match the manifest");
    if let Some(near) = info
        .near_duplicates
        .as_ref()
        .filter(|near| !near.joined.is_empty())
    {
        let groups = counted(near.joined.len(), "group");
        let proved = format!("{groups} of near-duplicates: each in one split or fold");
        report.note(shared_groups(&info, &rows), proved);
    }

    let pixels_path = folder.join(pixels::FILE);
    let pixels = match Pixels::open(&pixels_path, rows.len(), info.resize.size as usize) {
        Ok(pixels) => pixels,
        Err(Error::Input { problem, .. }) => {
            let problem = format!("{} {problem}", pixels::FILE);
            report.faults.push(Fault::new(problem));
            return Ok((report, None));
        }
        Err(error) => return Err(error),
    };
    progress.start("Hashing pixels", 1);
    let same = files::sha256_file(&pixels_path)? == info.hashes.pixels;
    progress.finish();
    report.note(
        (!same).then(|| changed(pixels::FILE)),
        format!("{} is unchanged", pixels::FILE),
    );
    match &info.digests {
        Some(digests) => {
            for name in digests.files.keys() {
                if ![manifest::FILE, pixels::FILE].contains(&name.as_str()) {
                    let unchanged = digests
                        .refuse_changed(&folder.join(info::FILE), name, "")
                        .is_ok();
                    let fault = (!unchanged).then(|| changed(name));
                    report.note(fault, format!("{name} is unchanged"));
                }
            }
        }
        None => report.not_checked.push(format!(
            "{} carries no digest of itself, as those of older versions",
            info::FILE
        )),
    }
    let dataset = Dataset {
        path: folder.to_owned(),
        info,
        fold: None,
        sources: Vec::new(),
        rows,
        pixels,
        lock,
    };
    Ok((report, Some(dataset)))
}

/// Checks that the validation and test splits of `dataset` share no lesions, images or near-duplicates with those
/// splits of `other` that may have influenced a network: its training split and, for test, also its validation split;
/// and no patients if `dataset` keeps them whole.
pub fn against(
    dataset: &Dataset,
    other: &Dataset,
    progress: &dyn Progress,
) -> Result<ValidationReport> {
    let mut report = ValidationReport::default();
    for (split, used) in [
        (Split::Test, &[Split::Train, Split::Val][..]),
        (Split::Val, &[Split::Train]),
    ] {
        if !dataset.split_rows(split).is_empty() {
            split_against((dataset, split), (other, used), &mut report, progress)?;
        }
    }
    if dataset.split_rows(Split::Test).is_empty() && dataset.split_rows(Split::Val).is_empty() {
        report.not_checked.push(format!(
            "{} has no validation and test images to look for in {}",
            dataset.path.display(),
            other.path.display()
        ));
    }
    Ok(report)
}

/// Checks one split against the splits of another dataset that may have been used.
fn split_against(
    (dataset, split): (&Dataset, Split),
    (other, used): (&Dataset, &[Split]),
    report: &mut ValidationReport,
    progress: &dyn Progress,
) -> Result<()> {
    let test = dataset.split_rows(split);
    let trained_on: Vec<usize> = (0..other.rows.len())
        .filter(|&row| used.contains(&other.rows[row].split))
        .collect();
    let other_path = other.path.display();
    let purpose = match used {
        [Split::Train] => "training",
        _ => "training or validation",
    };
    let shared = |id_of: fn(&Row) -> &str| {
        let known: HashMap<&str, &Row> = trained_on
            .iter()
            .map(|&row| (id_of(&other.rows[row]), &other.rows[row]))
            .collect();
        let mut reported = HashSet::new();
        let mut found = Findings::default();
        for &row in &test {
            let id = id_of(&dataset.rows[row]);
            if id.is_empty() {
                continue; // unknown
            }
            if let Some(row) = known.get(id).filter(|_| reported.insert(id)) {
                found.add(format!("{id} is in {} of the other dataset", row.place()));
            }
        }
        found
    };
    type Id = fn(&Row) -> &str;
    let ids: [(&str, &str, Id); 3] = [
        ("lesion", "", |row| &row.sample.lesion_id),
        ("image", "", |row| &row.sample.image_id),
        (
            "patient",
            " (if they are other people, make the ids of patients unique)",
            |row| &row.sample.patient_id,
        ),
    ];
    for (what, hint, id_of) in ids {
        if what == "patient" && !dataset.info.group_by.keeps_patients() {
            continue;
        }
        report.note(
            shared(id_of).fault(&format!(
                "{what}s of the {split} split are used for {purpose} in {other_path}{hint}"
            )),
            format!("no {what} of the {split} split is used for {purpose} in {other_path}"),
        );
    }
    let pairs = search::between((dataset, &test), (other, &trained_on), progress)?;
    let mut found = Findings::default();
    for pair in &pairs {
        let (own, theirs) = (
            &dataset.rows[test[pair.first]],
            &other.rows[trained_on[pair.second]],
        );
        found.add(format!(
            "{} ({}) shows the same skin as {} ({}, {}): {}, local contrast {:.2}, grey difference {:.1}",
            own.sample.image_id,
            own.sample.dx,
            theirs.sample.image_id,
            theirs.sample.dx,
            theirs.place(),
            pair.similarity.symmetry,
            pair.similarity.detail,
            pair.similarity.difference,
        ));
    }
    report.note(
        found.fault(&format!(
            "images of the {split} split have near-duplicates among those used for {purpose} in {other_path}"
        )),
        format!(
            "no image of the {split} split has a near-duplicate among those used for {purpose} in {other_path}, within the \
             limits of the search"
        ),
    );
    Ok(())
}
