//! Packs and splits the images of a dataset. Each image is decoded once, packed into a scratch file and fingerprinted.
//! Then the lesions are split, and the images that are kept are copied to `pixels.bin`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::near_duplicates::FoundNearDuplicates;
use super::options::PrepareOptions;
use crate::dataset::findings::{Findings, counted};
use crate::dataset::image_files::Images;
use crate::dataset::near_duplicates::summary::NearDuplicatePolicy;
use crate::dataset::pack::{self, BadFile, KeptImages};
use crate::dataset::plan::Plan;
use crate::dataset::tables::Tables;
use crate::dataset::{Sample, pixels};
use crate::files::AtomicFolder;
use crate::imaging::kind;
use crate::progress::Progress;
use crate::{ClassList, Error, Result};

/// The file that holds all packed images until the split decides which are kept.
const SCRATCH: &str = "all.bin";

/// The samples whose image is on disk, by image id, and their files.
pub struct ImagesOnDisk {
    /// The samples, by image id.
    pub samples: Vec<Sample>,
    /// The image file of each sample.
    pub files: Vec<PathBuf>,
    /// The number of rows without an image file.
    pub missing: usize,
    /// The number of images that did not decode.
    pub undecodable: usize,
}

impl ImagesOnDisk {
    /// Finds the image of each row. Missing images are an error unless `allow_missing` is set.
    pub fn new(tables: &Tables, images: &Images, allow_missing: bool) -> Result<Self> {
        let (mut samples, mut files) = (Vec::new(), Vec::new());
        let mut missing = Findings::default();
        for row in &tables.rows {
            if let Some(file) = images.file(&row.sample.image_id)? {
                samples.push(row.sample.clone());
                files.push(file.to_owned());
            } else {
                missing.add(format!("{}: {}", row.place, row.sample.image_id));
            }
        }
        if !allow_missing || samples.is_empty() {
            images.refuse_missing(&missing)?;
        }
        Ok(Self {
            samples,
            files,
            missing: missing.count(),
            undecodable: 0,
        })
    }

    /// Removes samples whose image does not decode, given by ascending index.
    fn remove(&mut self, indices: &[usize]) {
        for &index in indices.iter().rev() {
            self.samples.remove(index);
            self.files.remove(index);
        }
        self.undecodable += indices.len();
    }
}

/// A split whose images are packed.
pub struct PackedSplit {
    /// The images that are kept and their splits.
    pub plan: Plan,
    /// The number of images that the plan would keep without joining near-duplicates.
    pub rows_without_joining: usize,
    /// The packed images.
    pub kept: KeptImages,
    /// The near-duplicates that were found.
    pub near_duplicates: FoundNearDuplicates,
}

/// Packs the images, splits the lesions and keeps the images that the splits use. A file that does not decode and may
/// be skipped is treated as if its row did not exist. Another image of its lesion may then replace it, so packing and
/// splitting start again.
pub fn pack_and_split(
    classes: ClassList,
    images: &mut ImagesOnDisk,
    options: &PrepareOptions,
    folder: &AtomicFolder,
    progress: &dyn Progress,
) -> Result<PackedSplit> {
    let scratch = folder.path().join(SCRATCH);
    loop {
        // Planned before decoding, so that an impossible split is refused early.
        let separate = Plan::new(classes, &images.samples, &options.rules)?;
        let rows_without_joining = separate.rows.len();
        let candidates = candidates(images, &separate, options);
        let files: Vec<&Path> = (candidates.iter())
            .map(|&sample| images.files[sample].as_path())
            .collect();
        let fingerprints = options.near_duplicates != NearDuplicatePolicy::Off;
        let packed = pack::pack(&files, options.resize, fingerprints, &scratch, progress)?;
        if !packed.bad.is_empty() {
            let bad = skip_bad(&packed.bad, &files, options.skip_bad, progress)?;
            let bad: Vec<usize> = bad.into_iter().map(|index| candidates[index]).collect();
            images.remove(&bad);
            continue;
        }
        let near_duplicates = FoundNearDuplicates::search(
            &images.samples,
            &packed.fingerprints,
            options.near_duplicates,
            progress,
        );
        let plan = match near_duplicates.groups.is_empty() {
            true => separate,
            false => Plan::joined(
                classes,
                &images.samples,
                &options.rules,
                &near_duplicates.groups,
            )?,
        };
        let packed_index: HashMap<usize, usize> = candidates.into_iter().zip(0..).collect();
        // Groups exist only after a search, whose candidates are all samples: every row of the plan is packed.
        let chosen: Vec<usize> = (plan.rows.iter())
            .filter_map(|row| packed_index.get(&row.sample).copied())
            .collect();
        let target = folder.path().join(pixels::FILE);
        let kept = pack::keep(&scratch, &packed, &chosen, &target)?;
        std::fs::remove_file(&scratch).map_err(Error::io("remove", &scratch))?;
        return Ok(PackedSplit {
            plan,
            rows_without_joining,
            kept,
            near_duplicates,
        });
    }
}

/// The samples whose images must be decoded: all if near-duplicates are searched for, otherwise those that `plan`
/// keeps.
fn candidates(images: &ImagesOnDisk, plan: &Plan, options: &PrepareOptions) -> Vec<usize> {
    match options.near_duplicates {
        NearDuplicatePolicy::Off => plan.rows.iter().map(|row| row.sample).collect(),
        NearDuplicatePolicy::Join | NearDuplicatePolicy::List => {
            (0..images.samples.len()).collect()
        }
    }
}

/// Warns of files that do not decode and returns their indices, or an error if they may not be skipped. Files that the
/// system does not let be read never are: they may be sound.
fn skip_bad(
    all: &[BadFile],
    files: &[&Path],
    skip: bool,
    progress: &dyn Progress,
) -> Result<Vec<usize>> {
    let (mut unread, mut problems) = (Findings::default(), Findings::default());
    for bad in all {
        let findings = match bad.unread {
            true => &mut unread,
            false => &mut problems,
        };
        findings.add(format!("{}: {}", files[bad.index].display(), bad.reason));
    }
    unread.refuse(
        "the images",
        |count| format!("{} cannot be read", counted(count, "file")),
        "Make them readable (chmod u+r); if too many files are open, raise the limit (ulimit -n). --skip-bad leaves out \
         only files that do not decode.",
    )?;
    if !skip || all.len() == files.len() {
        let remedy = format!(
            "Replace them with valid {} files, or pass --skip-bad to leave them out.",
            kind::NAMES
        );
        problems.refuse(
            "the images",
            |count| format!("{} cannot be decoded", counted(count, "file")),
            &remedy,
        )?;
    }
    progress.warn(&format!(
        "{} cannot be decoded and {} left out:{}",
        counted(all.len(), "file"),
        if all.len() == 1 { "is" } else { "are" },
        problems.list()
    ));
    Ok(all.iter().map(|bad| bad.index).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::resize::ResizeRule;
    use crate::progress::Silent;

    #[test]
    fn files_that_do_not_decode_are_skipped_on_request_and_those_that_cannot_be_read_never() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        std::fs::write(path("bad.jpg"), "no image").unwrap();
        let (bad, gone) = (path("bad.jpg"), path("gone.jpg"));
        let files = [bad.as_path(), gone.as_path()];
        let rule = ResizeRule::square(16);
        let packed = pack::pack(&files, rule, false, &path("all.bin"), &Silent);
        let all = packed.unwrap().bad;
        let refused = |all: &[BadFile], skip| skip_bad(all, &files, skip, &Silent);
        let error = refused(&all, true).unwrap_err().to_string();
        assert!(error.contains("1 file cannot be read"), "{error}");
        assert!(error.contains("gone.jpg: No such file"), "{error}");
        assert!(!error.contains("bad.jpg"), "{error}");
        assert_eq!(refused(&all[..1], true).unwrap(), [0]);
        let error = refused(&all[..1], false).unwrap_err().to_string();
        assert!(error.contains(kind::NAMES), "{error}");
    }
}
