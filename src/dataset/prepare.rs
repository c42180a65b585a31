//! From metadata and photographs to a dataset folder.

use std::path::{Path, PathBuf};

use super::duplicates::{self, Dedupe};
use super::findings::{Findings, counted};
use super::flow::{self, Step};
use super::folds::FoldCounts;
use super::hold_out::Condition;
use super::images::Images;
use super::info::{self, DatasetInfo, Dropped, FORMAT_VERSION, Hashes, PartCounts};
use super::manifest::{self, Row};
use super::metadata::{self, Metadata};
use super::near_duplicates::{self, Limits, NearDuplicates, Pair, Treatment, page, record};
use super::pack::{self, Packed};
use super::plan::{Plan, Rules};
use super::{Sample, pixels};
use crate::files::{self, Draft};
use crate::preprocess::ResizeRule;
use crate::progress::Progress;
use crate::{Diagnosis, Result, report};

/// The name of the picture of the class distribution, without extension.
pub const PICTURE: &str = "class_distribution";

/// The name of the picture of sample images.
pub const SAMPLES: &str = "samples.png";

/// How a dataset is made.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Duplicates and split.
    pub rules: Rules,
    /// What every image is brought to.
    pub resize: ResizeRule,
    /// Leave out images that are not on disk instead of refusing.
    pub allow_missing: bool,
    /// Leave out files that do not decode instead of refusing.
    pub skip_bad: bool,
    /// What becomes of lesions that show the same skin.
    pub near_duplicates: Treatment,
}

/// What came of it.
#[derive(Debug)]
pub struct Prepared {
    /// The contents of `dataset.json`.
    pub info: DatasetInfo,
    /// How many rows each rule for duplicates drops; nothing where the rule leaves too little to split.
    pub drops_by_rule: Vec<(Dedupe, Option<usize>)>,
    /// Lesions of which the original's rule keeps more than one image.
    pub kept_repeatedly_by_original: usize,
    /// The files of the folder, most important first.
    pub files: Vec<PathBuf>,
}

/// Reads the metadata, finds the images below `folders`, draws the parts, packs the pixels and writes the
/// folder `out`, which appears whole or not at all.
pub fn prepare(
    metadata: &Path,
    folders: &[PathBuf],
    out: &Path,
    replace: bool,
    recipe: &Recipe,
    progress: &dyn Progress,
) -> Result<Prepared> {
    let draft = Draft::new(out, replace, info::FILE)?;
    let metadata = metadata::read(metadata)?;
    let images = Images::find(folders)?;
    let mut found = Found::new(&metadata, &images, recipe.allow_missing)?;
    let mut flow = vec![
        Step::new(
            "rows read",
            metadata.rows_read,
            metadata.rows.iter().map(|row| &row.sample),
        ),
        Step::of("with an image on disk", found.samples.iter()),
    ];
    let near = Near::find(&found, recipe.near_duplicates, progress);
    let all = (found.samples.clone(), found.files.clone());
    let (plan, packed) = plan_and_pack(&mut found, recipe, &near.groups, &draft, progress)?;
    if found.bad > 0 {
        flow.push(Step::of("whose image decodes", found.samples.iter()));
    }

    let rows: Vec<Row> = plan
        .rows
        .iter()
        .map(|planned| Row {
            sample: found.samples[planned.sample].clone(),
            split: planned.split,
            fold: planned.fold,
        })
        .collect();
    flow.extend(flow::parts(&rows));
    let near_files = near.write(draft.path(), &all.0, &all.1, &rows)?;
    let near_duplicates = near.describe(plan.moved);
    let csv = manifest::to_csv(&rows);
    files::write_whole(&draft.path().join(manifest::FILE), &csv)?;
    let dropped = dropped(&metadata, &found, plan);
    let hashes = Hashes {
        metadata: metadata.sha256,
        images: packed.images_sha256,
        manifest: files::sha256(&csv),
        pixels: packed.pixels_sha256,
    };
    let info = DatasetInfo {
        aspect: packed.aspect,
        near_duplicates,
        flow,
        ..describe(&rows, recipe, dropped, metadata.rows_read, hashes)
    };
    files::write_json(&draft.path().join(info::FILE), &info)?;
    let svg = report::class_distribution(&info.counts);
    let pictures = report::write_picture(&draft.path().join(PICTURE), &svg)?;
    write_samples(draft.path(), &info, &rows)?;
    draft.publish()?;

    let names = [info::FILE, manifest::FILE, pixels::FILE].map(PathBuf::from);
    let names = names.into_iter().chain(near_files);
    let pictures = pictures.iter().filter_map(|path| path.file_name());
    Ok(Prepared {
        info,
        drops_by_rule: drops_by_rule(&found.samples, &recipe.rules),
        kept_repeatedly_by_original: duplicates::lesions(&found.samples, Dedupe::Original)
            .iter()
            .filter(|lesion| lesion.training.len() > 1)
            .count(),
        files: names
            .chain(pictures.map(PathBuf::from))
            .chain([PathBuf::from(SAMPLES)])
            .map(|name| out.join(name))
            .collect(),
    })
}

/// A few images of each class and part as one picture.
fn write_samples(folder: &Path, info: &DatasetInfo, rows: &[Row]) -> Result<()> {
    let side = info.resize.size as usize;
    let pixels = pixels::Pixels::open(&folder.join(pixels::FILE), rows.len(), side)?;
    let path = folder.join(SAMPLES);
    let png = report::sample_sheet(rows, &pixels, info.aspect, &path)?;
    files::write_whole(&path, &png)
}

/// Lesions that show the same skin.
struct Near {
    treatment: Treatment,
    pairs: Vec<Pair>,
    /// What is joined.
    groups: Vec<Vec<String>>,
}

impl Near {
    fn find(found: &Found, treatment: Treatment, progress: &dyn Progress) -> Self {
        let pairs = match treatment {
            Treatment::Off => Vec::new(),
            Treatment::Join | Treatment::List => {
                near_duplicates::among_files(&found.samples, &found.files, progress)
            }
        };
        let groups = match treatment {
            Treatment::Join => near_duplicates::groups::groups(&found.samples, &pairs),
            Treatment::List | Treatment::Off => Vec::new(),
        };
        Self {
            treatment,
            pairs,
            groups,
        }
    }

    /// Writes the table and the page, if pairs were looked for, and names them.
    fn write(
        &self,
        folder: &Path,
        samples: &[Sample],
        files: &[PathBuf],
        rows: &[Row],
    ) -> Result<Vec<PathBuf>> {
        if self.treatment == Treatment::Off {
            return Ok(Vec::new());
        }
        let lines = record::lines(samples, rows, &self.pairs);
        let html = page::html(&self.pairs, &lines, files, self.treatment);
        files::write_whole(&folder.join(record::FILE), &record::to_csv(&lines))?;
        files::write_whole(&folder.join(page::FILE), html.as_bytes())?;
        Ok([record::FILE, page::FILE].map(PathBuf::from).to_vec())
    }

    fn describe(self, moved: usize) -> Option<NearDuplicates> {
        (self.treatment != Treatment::Off).then_some(NearDuplicates {
            treatment: self.treatment,
            pairs: self.pairs.len(),
            joined: self.groups,
            moved,
            limits: Limits::USED,
        })
    }
}

/// The samples whose image is on disk, by image id, and those images.
struct Found {
    samples: Vec<Sample>,
    files: Vec<PathBuf>,
    missing: usize,
    bad: usize,
}

impl Found {
    fn new(metadata: &Metadata, images: &Images, allow_missing: bool) -> Result<Self> {
        let (mut samples, mut files) = (Vec::new(), Vec::new());
        let mut missing = Findings::default();
        for row in &metadata.rows {
            if let Some(file) = images.file(&row.sample.image_id)? {
                samples.push(row.sample.clone());
                files.push(file.to_owned());
            } else {
                missing.add(format!("line {}: {}", row.line, row.sample.image_id));
            }
        }
        if !allow_missing || samples.is_empty() {
            images.refuse_missing(&missing)?;
        }
        Ok(Self {
            samples,
            files,
            missing: missing.count(),
            bad: 0,
        })
    }

    /// Leaves out some samples, given by ascending index.
    fn remove(&mut self, indices: &[usize]) {
        for &index in indices.iter().rev() {
            self.samples.remove(index);
            self.files.remove(index);
        }
        self.bad += indices.len();
    }
}

/// Draws the parts and packs their pixels. A bad file that may be skipped is treated as if its row did not
/// exist: another image of its lesion can stand in for it, so everything is drawn and packed again.
fn plan_and_pack(
    found: &mut Found,
    recipe: &Recipe,
    groups: &[Vec<String>],
    draft: &Draft,
    progress: &dyn Progress,
) -> Result<(Plan, Packed)> {
    loop {
        let plan = Plan::joined(&found.samples, &recipe.rules, groups)?;
        let images: Vec<&Path> = plan
            .rows
            .iter()
            .map(|planned| found.files[planned.sample].as_path())
            .collect();
        let target = draft.path().join(pixels::FILE);
        let packed = pack::pack(&images, recipe.resize, &target, progress)?;
        if packed.bad.is_empty() {
            return Ok((plan, packed));
        }

        let mut faults = Findings::default();
        for bad in &packed.bad {
            faults.add(format!("{}: {}", images[bad.index].display(), bad.reason));
        }
        if !recipe.skip_bad || packed.bad.len() == images.len() {
            faults.refuse(
                "the images",
                |count| format!("{} cannot be decoded", counted(count, "file")),
                "Replace them by sound JPEG or PNG files, or say --skip-bad to leave them out.",
            )?;
        }
        progress.warn(&format!(
            "{} cannot be decoded and are left out:{}",
            counted(faults.count(), "file"),
            faults.list()
        ));
        let bad: Vec<usize> = packed
            .bad
            .iter()
            .map(|bad| plan.rows[bad.index].sample)
            .collect();
        found.remove(&bad);
    }
}

/// Every reason for which rows were left out, without those that left out none.
fn dropped(metadata: &Metadata, found: &Found, plan: Plan) -> Vec<Dropped> {
    let reasons = [
        ("repeated row of the same image", metadata.repeated),
        ("image not on disk", found.missing),
        ("image does not decode", found.bad),
    ];
    let before = reasons.map(|(reason, rows)| Dropped {
        reason: reason.to_owned(),
        rows,
    });
    before
        .into_iter()
        .chain(plan.dropped)
        .filter(|dropped| dropped.rows > 0)
        .collect()
}

fn describe(
    rows: &[Row],
    recipe: &Recipe,
    dropped: Vec<Dropped>,
    rows_read: usize,
    hashes: Hashes,
) -> DatasetInfo {
    let counts = PartCounts::of(rows.iter().map(|row| (row.split, row.sample.dx)));
    let mut lesions: Vec<_> = rows
        .iter()
        .map(|row| (&row.sample.lesion_id, row.split, row.sample.dx))
        .collect();
    lesions.sort_unstable();
    lesions.dedup();
    DatasetInfo {
        format_version: FORMAT_VERSION,
        classes: Diagnosis::ALL.map(|d| d.code().to_owned()).to_vec(),
        images: rows.len(),
        resize: recipe.resize,
        aspect: 1.0,
        seed: recipe.rules.seed,
        dedupe: recipe.rules.dedupe.name().to_owned(),
        split: recipe.rules.split_in_words(),
        hold_out: recipe
            .rules
            .hold_out
            .iter()
            .map(Condition::to_string)
            .collect(),
        folds: FoldCounts::of(rows, recipe.rules.division.folds()),
        counts,
        near_duplicates: None,
        flow: Vec::new(),
        lesions: PartCounts::of(lesions.into_iter().map(|(_, part, dx)| (part, dx))),
        dropped,
        rows_read,
        class_weights: class_weights(&counts.train),
        hashes,
    }
}

/// The weights that make every class count the same, n / (7 × n_class), as scikit-learn's `balanced`.
fn class_weights(counts: &[usize; Diagnosis::COUNT]) -> [f64; Diagnosis::COUNT] {
    let all: usize = counts.iter().sum();
    counts.map(|count| match count {
        0 => 0.0,
        _ => all as f64 / (Diagnosis::COUNT * count) as f64,
    })
}

fn drops_by_rule(samples: &[Sample], rules: &Rules) -> Vec<(Dedupe, Option<usize>)> {
    Dedupe::ALL
        .into_iter()
        .map(|dedupe| {
            let rules = Rules {
                dedupe,
                least_per_localization: 0,
                ..rules.clone()
            };
            let plan = Plan::new(samples, &rules).ok();
            (dedupe, plan.map(|plan| samples.len() - plan.rows.len()))
        })
        .collect()
}
