//! What a dataset is built from, and the rules that follow from it.

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

/// Reads an input. Warns of rows whose lesions and patients are unknown.
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
    if !tables.has_groups {
        progress.warn(&format!(
            "{names} names no lesions or patients: each image counts as a lesion of its own, and only near-duplicates \
             are kept together"
        ));
    }
    let samples = || tables.rows.iter().map(|row| &row.sample);
    let widest = || GroupBy::widest(samples());
    options.rules.group_by = options.group_by.unwrap_or_else(widest);
    refuse_no_patients(options.rules.group_by, &names, samples())?;
    if options.rules.group_by == GroupBy::PatientId {
        for row in &mut tables.rows {
            row.sample.lesion_id.clone_from(&row.sample.image_id);
        }
    }
    Ok(ReadInput {
        names,
        tables,
        images,
        options,
    })
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
