//! Builds a dataset folder from metadata and photographs.

pub mod input;
mod near_duplicates;
pub mod options;
mod pack_and_split;

use std::path::{Path, PathBuf};

use self::input::{Input, ReadInput};
use self::options::PrepareOptions;
use self::pack_and_split::{ImagesOnDisk, PackedSplit, pack_and_split};
use super::duplicates::{self, Dedupe};
use super::findings::counted;
use super::flow::{self, Step};
use super::fold_counts::FoldCounts;
use super::hold_out::Condition;
use super::info::{self, DatasetInfo, Dropped, FORMAT_VERSION, Hashes, SplitCounts};
use super::manifest::{self, Row};
use super::near_duplicates::{page, table};
use super::pixels::{self, Pixels};
use super::plan::{Plan, Rules};
use super::sample::Sample;
use super::sources::Source;
use super::split;
use super::split_fractions::SplitStrategy;
use super::tables::Tables;
use crate::files::{self, AtomicFolder, FolderFiles};
use crate::integrity::{sealed, sums};
use crate::progress::Progress;
use crate::{ClassList, Error, Result};

/// The files of a dataset folder: those written here, the charts, checksums, and the features that training keeps.
const FILES: FolderFiles = FolderFiles {
    marker: info::FILE,
    names: &[
        info::FILE,
        manifest::FILE,
        pixels::FILE,
        table::FILE,
        page::FILE,
        "class_distribution.*",
        "samples.png",
        sums::FILE,
        "features-*.safetensors",
    ],
};

/// Draws charts of a dataset and returns their file names. Arguments: the folder being written, the dataset's
/// description, its rows and its pixels.
pub type Illustrate<'a> = &'a dyn Fn(&Path, &DatasetInfo, &[Row], &Pixels) -> Result<Vec<PathBuf>>;

/// A dataset folder that was written.
#[derive(Debug)]
pub struct Prepared {
    /// The contents of `dataset.json`.
    pub info: DatasetInfo,
    /// The rows that each deduplication rule drops; `None` if the rest cannot be split.
    pub drops_by_rule: Vec<(Dedupe, Option<usize>)>,
    /// The number of lesions of which [`Dedupe::Original`] keeps more than one image.
    pub kept_repeatedly_by_original: usize,
    /// The files of the folder, most important first.
    pub files: Vec<PathBuf>,
}

/// An error about the split names the tables whose rows are too few.
fn split_of(names: &str, error: Error) -> Error {
    match error {
        Error::Input {
            place,
            problem,
            remedy,
        } if place == split::PLACE => Error::input(format!("{place} of {names}"), problem, remedy),
        other => other,
    }
}

/// Reads the metadata tables, finds the images below the folders, splits them, packs the pixels and writes the folder
/// `out`. The folder is written atomically. `illustrate` adds the charts.
pub fn prepare(
    input: Input,
    out: &Path,
    replace: bool,
    options: &PrepareOptions,
    illustrate: Illustrate,
    progress: &dyn Progress,
) -> Result<Prepared> {
    let folder = AtomicFolder::new(out, replace, &FILES)?;
    let ReadInput {
        names,
        tables,
        images,
        options,
    } = input::read(input, options, progress)?;
    let options = &options;
    let mut on_disk = ImagesOnDisk::new(&tables, &images, options.allow_missing)?;
    let mut flow = vec![
        Step::new(
            "rows read",
            tables.rows_read,
            tables.rows.iter().map(|row| &row.sample),
        ),
        Step::of("with an image on disk", on_disk.samples.iter()),
    ];
    let PackedSplit {
        plan,
        rows_without_joining,
        kept,
        near_duplicates,
    } = pack_and_split(tables.classes, &mut on_disk, options, &folder, progress)
        .map_err(|error| split_of(&names, error))?;
    if on_disk.undecodable > 0 {
        flow.push(Step::of("whose image decodes", on_disk.samples.iter()));
    }

    let rows: Vec<Row> = plan
        .rows
        .iter()
        .map(|planned| Row {
            sample: on_disk.samples[planned.sample].clone(),
            split: planned.split,
            fold: planned.fold,
        })
        .collect();
    flow.extend(flow::splits(&rows));
    let across = near_duplicates.across_splits(&on_disk.samples, &rows);
    if across > 0 && matches!(options.rules.strategy, SplitStrategy::Given(_)) {
        progress.warn(&format!(
            "{} of near-duplicates between the given splits, which makes figures too good: see {}",
            counted(across, "pair"),
            page::FILE
        ));
    }
    let near_duplicate_files =
        near_duplicates.write(folder.path(), &on_disk.samples, &on_disk.files, &rows)?;
    let near_duplicates = near_duplicates.summary(plan.moved);
    let csv = manifest::to_csv(&rows);
    files::write_atomically(&folder.path().join(manifest::FILE), &csv)?;
    let dropped = dropped(&tables, &on_disk, plan);
    let hashes = Hashes {
        metadata: tables.sha256.clone(),
        images: kept.images_sha256,
        manifest: files::sha256(&csv),
        pixels: kept.pixels_sha256,
    };
    let info = DatasetInfo {
        aspect: kept.aspect,
        near_duplicates,
        flow,
        sources: Source::of(
            tables.classes,
            tables.rows.iter().map(|row| &row.sample),
            rows.iter().map(|row| &row.sample),
        ),
        ..describe(
            tables.classes,
            &rows,
            options,
            dropped,
            tables.rows_read,
            hashes,
        )
    };
    let side = info.resize.size as usize;
    let pixels = Pixels::open(&folder.path().join(pixels::FILE), rows.len(), side)?;
    let pictures = illustrate(folder.path(), &info, &rows, &pixels)?;
    let known = [
        (manifest::FILE, &info.hashes.manifest),
        (pixels::FILE, &info.hashes.pixels),
    ];
    let known = known.map(|(name, digest)| (name.to_owned(), digest.clone()));
    sealed::write(&folder.path().join(info::FILE), &info, known.into())?;
    folder.publish()?;

    let names = [info::FILE, manifest::FILE, pixels::FILE].map(PathBuf::from);
    let names = names.into_iter().chain(near_duplicate_files);
    Ok(Prepared {
        info,
        drops_by_rule: drops_by_rule(
            tables.classes,
            &on_disk.samples,
            &options.rules,
            rows_without_joining,
        ),
        kept_repeatedly_by_original: duplicates::lesions(&on_disk.samples, Dedupe::Original)
            .iter()
            .filter(|lesion| lesion.training.len() > 1)
            .count(),
        files: names.chain(pictures).map(|name| out.join(name)).collect(),
    })
}

/// The rows that were left out, by reason. Reasons without rows are omitted.
fn dropped(tables: &Tables, images: &ImagesOnDisk, plan: Plan) -> Vec<Dropped> {
    let labels = tables.dropped.iter().map(|(label, rows)| Dropped {
        reason: format!("label {label}"),
        rows: *rows,
    });
    let reasons = [
        ("repeated row of the same image", tables.repeated),
        ("image not on disk", images.missing),
        ("image does not decode", images.undecodable),
    ];
    let before_split = reasons.map(|(reason, rows)| Dropped {
        reason: reason.to_owned(),
        rows,
    });
    labels
        .chain(before_split)
        .chain(plan.dropped)
        .filter(|dropped| dropped.rows > 0)
        .collect()
}

fn describe(
    classes: ClassList,
    rows: &[Row],
    options: &PrepareOptions,
    dropped: Vec<Dropped>,
    rows_read: usize,
    hashes: Hashes,
) -> DatasetInfo {
    let counts = SplitCounts::of(classes, rows.iter().map(|row| (row.split, row.sample.dx)));
    let mut lesions: Vec<_> = rows
        .iter()
        .map(|row| (&row.sample.lesion_id, row.split, row.sample.dx))
        .collect();
    lesions.sort_unstable();
    lesions.dedup();
    DatasetInfo {
        format_version: FORMAT_VERSION,
        classes,
        images: rows.len(),
        resize: options.resize,
        aspect: 1.0,
        seed: options.rules.seed,
        dedupe: options.rules.dedupe.name().to_owned(),
        group_by: options.rules.group_by,
        split: options.rules.describe_split(),
        hold_out: options
            .rules
            .hold_out
            .iter()
            .map(Condition::to_string)
            .collect(),
        folds: FoldCounts::of(classes, rows, options.rules.strategy.folds()),
        class_weights: class_weights(&counts.train),
        counts,
        near_duplicates: None,
        flow: Vec::new(),
        sources: Vec::new(),
        lesions: SplitCounts::of(
            classes,
            lesions.into_iter().map(|(_, split, dx)| (split, dx)),
        ),
        dropped,
        rows_read,
        hashes,
        digests: None,
    }
}

/// Balanced class weights, n / (classes × n_class), as scikit-learn's `class_weight="balanced"`; 0 for an absent class.
fn class_weights(counts: &[usize]) -> Vec<f64> {
    let total: usize = counts.iter().sum();
    let weight = |&count: &usize| match count {
        0 => 0.0,
        _ => total as f64 / (counts.len() * count) as f64,
    };
    counts.iter().map(weight).collect()
}

/// The rows that each deduplication rule drops, without joining near-duplicates. `kept` is the number of rows that
/// `rules` keeps.
fn drops_by_rule(
    classes: ClassList,
    samples: &[Sample],
    rules: &Rules,
    kept: usize,
) -> Vec<(Dedupe, Option<usize>)> {
    let kept_by = |dedupe| {
        if dedupe == rules.dedupe && rules.least_per_localization == 0 {
            return Some(kept);
        }
        let rules = Rules {
            dedupe,
            least_per_localization: 0,
            ..rules.clone()
        };
        Some(Plan::new(classes, samples, &rules).ok()?.rows.len())
    };
    let dropped = |dedupe| (dedupe, kept_by(dedupe).map(|kept| samples.len() - kept));
    Dedupe::ALL.iter().copied().map(dropped).collect()
}
