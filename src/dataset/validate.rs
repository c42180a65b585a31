//! Proving a dataset folder: that its files are those that were written, and that its parts share nothing.
//!
//! What costs little ([`super::row_checks`]) is asked whenever a dataset is opened; [`validate`] reads every pixel too.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::findings::{Fault, Findings, counted};
use super::folder::Dataset;
use super::info;
use super::info::DatasetInfo;
use super::manifest;
use super::manifest::Row;
use super::near_duplicates::search;
use super::pixels;
use super::pixels::Pixels;
use super::row_checks::{counts, repeated_images, shared_groups, shared_lesions};
use super::sample::Split;
use crate::progress::Progress;
use crate::{Error, Result, files};

/// What was proved, and what is wrong.
#[derive(Debug, Default)]
pub struct ValidationReport {
    /// In short sentences.
    pub proved: Vec<String>,
    /// All that is wrong.
    pub faults: Vec<Fault>,
}

impl ValidationReport {
    /// Notes the faults, or what is proved if there are none.
    pub fn note(&mut self, faults: impl IntoIterator<Item = Fault>, proved: impl Into<String>) {
        let before = self.faults.len();
        self.faults.extend(faults);
        if self.faults.len() == before {
            self.proved.push(proved.into());
        }
    }
}

/// Proves a folder, as far as it can be read. The dataset comes with the report where its files fit together.
///
/// # Errors
/// `dataset.json` or the manifest that cannot be read at all: then there is nothing to validate.
pub fn validate(
    folder: &Path,
    progress: &dyn Progress,
) -> Result<(ValidationReport, Option<Dataset>)> {
    let info = DatasetInfo::read(&folder.join(info::FILE))?;
    let manifest_path = folder.join(manifest::FILE);
    let mut report = ValidationReport::default();
    let same = files::sha256_file(&manifest_path)? == info.hashes.manifest;
    let changed = |file: &str| {
        Fault::new(format!(
            "{file} is not the one that {} describes",
            info::FILE
        ))
    };
    report.note(
        (!same).then(|| changed(manifest::FILE)),
        format!("{} is as it was written", manifest::FILE),
    );
    let rows = manifest::read(&manifest_path)?;
    report.note(shared_lesions(&rows), "no lesion is in two parts or folds");
    report.note(repeated_images(&rows), "no image is there twice");
    report.note(counts(&info, &rows), "the counts are those of the manifest");
    if let Some(near) = info
        .near_duplicates
        .as_ref()
        .filter(|near| !near.joined.is_empty())
    {
        let groups = counted(near.joined.len(), "group");
        let proved =
            format!("{groups} of lesions that show the same skin: each in one part or fold");
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
        format!("{} is as it was written, to the last byte", pixels::FILE),
    );
    let dataset = Dataset {
        path: folder.to_owned(),
        info,
        fold: None,
        rows,
        pixels,
    };
    Ok((report, Some(dataset)))
}

/// What the test part of `dataset` shares with what `other` trains on or chooses by: lesions, images, and skin.
pub fn against(dataset: &Dataset, other: &Dataset, progress: &dyn Progress) -> ValidationReport {
    let mut report = ValidationReport::default();
    let test = dataset.split_rows(Split::Test);
    let learnt: Vec<usize> = (0..other.rows.len())
        .filter(|&row| other.rows[row].split != Split::Test)
        .collect();
    let place = other.path.display();
    let shared = |what: fn(&Row) -> &str| {
        let known: HashMap<&str, &Row> = learnt
            .iter()
            .map(|&row| (what(&other.rows[row]), &other.rows[row]))
            .collect();
        let mut told = HashSet::new();
        let mut found = Findings::default();
        for &row in &test {
            let id = what(&dataset.rows[row]);
            if let Some(row) = known.get(id).filter(|_| told.insert(id)) {
                found.add(format!("{id} is in {} there", row.place()));
            }
        }
        found
    };
    report.note(
        shared(|row| &row.sample.lesion_id).fault(&format!(
            "lesions of the test part are learnt from in {place}"
        )),
        format!("no lesion of the test part is learnt from in {place}"),
    );
    report.note(
        shared(|row| &row.sample.image_id).fault(&format!(
            "images of the test part are learnt from in {place}"
        )),
        format!("no image of the test part is learnt from in {place}"),
    );
    let pairs = search::between((dataset, &test), (other, &learnt), progress);
    let mut found = Findings::default();
    for pair in &pairs {
        let (own, theirs) = (
            &dataset.rows[test[pair.first]],
            &other.rows[learnt[pair.second]],
        );
        found.add(format!(
            "{} ({}) shows the same skin as {} ({}, {}): {}, detail {:.2}, difference {:.1}",
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
        found.fault(&format!("images of the test part show skin that is learnt from in {place}")),
        format!("no image of the test part shows skin that is learnt from in {place}, as far as the search sees"),
    );
    report
}
