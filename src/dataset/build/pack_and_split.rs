//! Every image is decoded once: packed beside its place and looked at for near-duplicates; then the parts are drawn, and
//! what they keep is copied into its place.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::near_duplicates::Near;
use super::options::PrepareOptions;
use crate::dataset::findings::{Findings, counted};
use crate::dataset::image_files::Images;
use crate::dataset::metadata::Metadata;
use crate::dataset::near_duplicates::summary::NearDuplicatePolicy;
use crate::dataset::pack;
use crate::dataset::pack::{KeptImages, Packed};
use crate::dataset::plan::Plan;
use crate::dataset::{Sample, pixels};
use crate::files::AtomicFolder;
use crate::progress::Progress;
use crate::{Error, Result};

/// Where images are packed before it is known which are kept.
const SCRATCH: &str = "all.bin";

/// The samples whose image is on disk, by image id, and those images.
pub struct Found {
    /// What the metadata says, by image id.
    pub samples: Vec<Sample>,
    /// The image of each.
    pub files: Vec<PathBuf>,
    /// How many rows have no image.
    pub missing: usize,
    /// How many images did not decode.
    pub bad: usize,
}

impl Found {
    /// Finds the image of each row; refuses missing ones unless they may be left out.
    pub fn new(metadata: &Metadata, images: &Images, allow_missing: bool) -> Result<Self> {
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

/// What is kept, and what was found on the way.
pub struct Drawn {
    /// What is kept, and where it goes.
    pub plan: Plan,
    /// How many images the plan would keep if near-duplicates were not joined.
    pub rows_without_joining: usize,
    /// The packed pixels of it.
    pub kept: KeptImages,
    /// Lesions that show the same skin.
    pub near: Near,
}

/// Packs the images, draws the parts and keeps what they need. A bad file that may be skipped is treated as if its row
/// did not exist: another image of its lesion can stand in for it, so everything is packed and drawn again.
pub fn pack_and_draw(
    found: &mut Found,
    options: &PrepareOptions,
    draft: &AtomicFolder,
    progress: &dyn Progress,
) -> Result<Drawn> {
    let scratch = draft.path().join(SCRATCH);
    loop {
        // A split that cannot be drawn is refused before images are decoded.
        let separate = Plan::new(&found.samples, &options.rules)?;
        let rows_without_joining = separate.rows.len();
        let candidates = candidates(found, &separate, options);
        let files: Vec<&Path> = (candidates.iter())
            .map(|&sample| found.files[sample].as_path())
            .collect();
        let fingerprints = options.near_duplicates != NearDuplicatePolicy::Off;
        let packed = pack::pack(&files, options.resize, fingerprints, &scratch, progress)?;
        if !packed.bad.is_empty() {
            let bad = skip_bad(&packed, &files, options, progress)?;
            let bad: Vec<usize> = bad.into_iter().map(|index| candidates[index]).collect();
            found.remove(&bad);
            continue;
        }
        let near = Near::among(
            &found.samples,
            &packed.fingerprints,
            options.near_duplicates,
            progress,
        );
        let plan = match near.groups.is_empty() {
            true => separate,
            false => Plan::joined(&found.samples, &options.rules, &near.groups)?,
        };
        let place: HashMap<usize, usize> = candidates.into_iter().zip(0..).collect();
        // Without groups the candidates are the very rows of the plan, with them all samples.
        let chosen: Vec<usize> = (plan.rows.iter())
            .filter_map(|row| place.get(&row.sample).copied())
            .collect();
        let target = draft.path().join(pixels::FILE);
        let kept = pack::keep(&scratch, &packed, &chosen, &target)?;
        std::fs::remove_file(&scratch).map_err(Error::io("remove", &scratch))?;
        return Ok(Drawn {
            plan,
            rows_without_joining,
            kept,
            near,
        });
    }
}

/// The samples whose images must be decoded: all, if near-duplicates are searched for among them, otherwise those that
/// `plan` keeps.
fn candidates(found: &Found, plan: &Plan, options: &PrepareOptions) -> Vec<usize> {
    match options.near_duplicates {
        NearDuplicatePolicy::Off => plan.rows.iter().map(|row| row.sample).collect(),
        NearDuplicatePolicy::Join | NearDuplicatePolicy::List => (0..found.samples.len()).collect(),
    }
}

/// Refuses bad files, or warns of them if they may be skipped and returns their places.
fn skip_bad(
    packed: &Packed,
    files: &[&Path],
    options: &PrepareOptions,
    progress: &dyn Progress,
) -> Result<Vec<usize>> {
    let mut faults = Findings::default();
    for bad in &packed.bad {
        faults.add(format!("{}: {}", files[bad.index].display(), bad.reason));
    }
    if !options.skip_bad || packed.bad.len() == files.len() {
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
    Ok(packed.bad.iter().map(|bad| bad.index).collect())
}
