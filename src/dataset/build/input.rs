//! What a dataset is built from, and the rules that follow from it.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::options::PrepareOptions;
use crate::dataset::group_by::GroupBy;
use crate::dataset::image_files::Images;
use crate::dataset::near_duplicates::summary::NearDuplicatePolicy;
use crate::dataset::split_fractions::{SplitFractions, SplitStrategy};
use crate::dataset::tables::{self, Table, Tables};
use crate::dataset::{Sample, class_folders};
use crate::progress::Progress;
use crate::{Error, Result};

/// What a dataset is built from.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Tables, and the folders below which their images are.
    Tables(&'a [Table], &'a [PathBuf]),
    /// One folder for each class ([`class_folders`]), in the folder `file`.
    ClassFolders(&'a Table),
}

/// An input that was read.
pub struct ReadInput {
    /// The names of its files or of its folder, for messages.
    pub names: String,
    /// The rows.
    pub tables: Tables,
    /// The image files.
    pub images: Images,
    /// The options, with the split and the grouping that the input gives.
    pub options: PrepareOptions,
}

/// Reads an input. Warns of images whose lesions and patients are unknown.
///
/// # Errors
/// Those of [`tables::read`] and [`class_folders::read`], images that cannot be found, and options that do not fit the
/// classes, the given splits or the columns.
pub fn read(input: Input, options: &PrepareOptions, progress: &dyn Progress) -> Result<ReadInput> {
    let mut options = options.clone();
    let (names, mut tables, images) = match input {
        Input::Tables(tables, folders) => {
            let names: Vec<String> = (tables.iter())
                .map(|table| table.file.display().to_string())
                .collect();
            let tables = tables::read(tables, &options.labels, progress)?;
            // Refused before the folders are searched, which may take minutes.
            options.rules.strategy.check(tables.classes)?;
            (names.join(", "), tables, Images::find(folders)?)
        }
        Input::ClassFolders(Table {
            file: folder,
            source,
        }) => {
            let name = folder.display().to_string();
            let found = class_folders::read(folder, source)?;
            if !found.splits.is_empty() {
                refuse_other_splits(&name, &options)?;
                options.rules.strategy = SplitStrategy::Given(found.splits);
                // Pairs between given splits are listed: joining them would move images.
                if options.near_duplicates == NearDuplicatePolicy::Join {
                    options.near_duplicates = NearDuplicatePolicy::List;
                }
            }
            let tables = tables::join(vec![(name.clone(), found.metadata)], &options.labels)?;
            (name, tables, Images::known(folder, found.files))
        }
    };
    if let Some(which) = ungrouped_in_words(tables.ungrouped, tables.rows.len()) {
        progress.warn(&format!(
            "{names} names no lesions or patients{which}: each image counts as a lesion of its own, and only \
             near-duplicates are kept together"
        ));
    }
    let samples = || tables.rows.iter().map(|row| &row.sample);
    let widest = || GroupBy::widest(samples());
    options.rules.group_by = options.group_by.unwrap_or_else(widest);
    refuse_no_patients(options.rules.group_by, &names, samples())?;
    if options.rules.group_by == GroupBy::PatientId {
        separate_images_of_patients(tables.rows.iter_mut().map(|row| &mut row.sample));
    }
    Ok(ReadInput {
        names,
        tables,
        images,
        options,
    })
}

/// Of which images no lesion or patient is named: empty for all; `None` if each has one.
fn ungrouped_in_words(ungrouped: usize, rows: usize) -> Option<String> {
    match ungrouped {
        0 => None,
        all if all == rows => Some(String::new()),
        some => Some(format!(" for {some} of its {rows} images")),
    }
}

/// Makes each image a lesion of its own where the patient keeps the lesion's images together: in lesions of exactly one
/// patient, whom every image names. Other lesions stay whole.
fn separate_images_of_patients<'a>(samples: impl Iterator<Item = &'a mut Sample>) {
    let samples: Vec<&mut Sample> = samples.collect();
    let mut patients: HashMap<String, BTreeSet<String>> = HashMap::new();
    for sample in &samples {
        let of_lesion = patients.entry(sample.lesion_id.clone()).or_default();
        of_lesion.insert(sample.patient_id.clone());
    }
    for sample in samples {
        let of_lesion = &patients[&sample.lesion_id];
        if of_lesion.len() == 1 && !sample.patient_id.is_empty() {
            sample.lesion_id.clone_from(&sample.image_id);
        }
    }
}

/// Refuses to draw splits where folders give them.
fn refuse_other_splits(folder: &str, options: &PrepareOptions) -> Result<()> {
    let drawn_by_default = SplitStrategy::Drawn {
        val: SplitFractions::DEFAULT,
        test: SplitFractions::DEFAULT,
    };
    if options.rules.strategy == drawn_by_default && options.rules.hold_out.is_empty() {
        return Ok(());
    }
    Err(Error::input(
        folder,
        "its folders give the splits, so that none can be drawn",
        "Leave out --val, --test, --folds, --hold-out, --as and --preset, or pass class folders without train, val and test.",
    ))
}

/// Refuses to group by patients where no table names one.
fn refuse_no_patients<'a>(
    by: GroupBy,
    names: &str,
    mut samples: impl Iterator<Item = &'a Sample>,
) -> Result<()> {
    if !by.keeps_patients() || samples.any(|sample| !sample.patient_id.is_empty()) {
        return Ok(());
    }
    Err(Error::input(
        format!("--group-by {by}"),
        format!("{names} has no column patient_id, or only empty ones"),
        "Group by lesion_id, or add the column.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham;

    #[test]
    fn a_lesion_stays_whole_unless_its_only_patient_keeps_it_together() {
        let sample = |id: &str, lesion: &str, patient: &str| Sample {
            image_id: id.into(),
            lesion_id: lesion.into(),
            patient_id: patient.into(),
            dx: ham("nv"),
            dx_type: String::new(),
            age: String::new(),
            sex: String::new(),
            localization: String::new(),
            source: String::new(),
        };
        let mut samples = [
            sample("1", "a", "P"),
            sample("2", "a", "P"),
            sample("3", "b", ""),
            sample("4", "b", ""),
            sample("5", "c", "Q"),
            sample("6", "c", ""),
        ];
        separate_images_of_patients(samples.iter_mut());
        let lesions = samples.map(|sample| sample.lesion_id);
        assert_eq!(lesions, ["1", "2", "b", "b", "c", "c"]);
    }
}
