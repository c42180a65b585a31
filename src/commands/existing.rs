//! Outputs that are single files, and which earlier ones --force replaces.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use skinlesion::Error;
#[cfg(feature = "torch")]
use skinlesion::artifact::package::MODEL_FILE;
use skinlesion::files::OutputFile;
#[cfg(feature = "torch")]
use skinlesion::model::checkpoint_metadata::{
    BEST_FILE, CheckpointMetadata, EXPORTED_FILE, LAST_FILE, locate,
};
#[cfg(feature = "torch")]
use skinlesion::training::checkpointing::folder::CONFIG_FILE;

/// Locks a file to write JSON to. --force replaces objects with this key only.
pub fn json_file(out: &Path, force: bool, key: &str) -> skinlesion::Result<OutputFile> {
    OutputFile::new(out, force, |earlier| {
        let bytes = std::fs::read(earlier).unwrap_or_default();
        let value = serde_json::from_slice::<serde_json::Value>(&bytes);
        value.is_ok_and(|value| value.get(key).is_some())
    })
}

/// Locks a file to write a table of answers to. --force replaces tables whose header begins in the same way only.
pub fn csv_file(out: &Path, force: bool, header: &str) -> skinlesion::Result<OutputFile> {
    OutputFile::new(out, force, |earlier| {
        let mut start = vec![0; header.len()];
        let file = std::fs::File::open(earlier);
        let read = file.and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
        read.is_ok() && start == header.as_bytes()
    })
}

/// Refuses to write over files that exist, unless told to and `is_own`: a file of this `kind`, as
/// the command writes it; and over inputs.
pub fn refuse_existing(
    outputs: &[&Path],
    force: bool,
    is_own: impl Fn(&Path) -> bool,
    kind: &str,
    inputs: &[&Path],
) -> skinlesion::Result<()> {
    let inputs: HashSet<PathBuf> = resolved(inputs).collect();
    for out in outputs {
        if out.canonicalize().is_ok_and(|out| inputs.contains(&out)) {
            return Err(is_an_input(out));
        }
        if out.exists() && !force {
            return Err(Error::Exists((*out).to_owned()));
        }
        if out.exists() && !is_own(out) {
            return Err(Error::file(
                out,
                format!("this file is not {kind}, so --force does not replace it"),
                "Choose another folder, or remove the file manually.",
            ));
        }
    }
    Ok(())
}

/// Refuses an output folder that is an input or contains one: --force would replace it before or while it is used.
#[cfg(feature = "torch")]
pub fn refuse_folder_of_inputs<'a>(
    out: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> skinlesion::Result<()> {
    let Ok(folder) = out.canonicalize() else {
        return Ok(()); // it does not exist
    };
    let mut resolved = inputs
        .into_iter()
        .filter_map(|input| Some((input, input.canonicalize().ok()?)));
    match resolved.find(|(_, input)| input.starts_with(&folder)) {
        Some((input, _)) => Err(Error::file(
            out,
            format!(
                "the input {} is in this folder, so it is not replaced",
                input.display()
            ),
            "Choose another folder for --out.",
        )),
        None => Ok(()),
    }
}

/// Refuses an output that is one of the inputs.
#[cfg(feature = "torch")]
fn refuse_inputs(out: &Path, inputs: &[&Path]) -> skinlesion::Result<()> {
    let Ok(out_resolved) = out.canonicalize() else {
        return Ok(()); // it does not exist
    };
    match resolved(inputs).any(|input| input == out_resolved) {
        true => Err(is_an_input(out)),
        false => Ok(()),
    }
}

/// The paths without links, of the files that exist.
fn resolved(inputs: &[&Path]) -> impl Iterator<Item = PathBuf> {
    (inputs.iter()).filter_map(|input| input.canonicalize().ok())
}

fn is_an_input(out: &Path) -> Error {
    Error::file(
        out,
        "this file is an input, so it is not replaced",
        "Choose another name.",
    )
}

/// Locks a file to write a checkpoint to. --force replaces checkpoints only, and neither an input nor a file of a run
/// or of an export.
#[cfg(feature = "torch")]
pub fn checkpoint_file(
    out: &Path,
    force: bool,
    inputs: &[&Path],
) -> skinlesion::Result<OutputFile> {
    let inputs: Vec<PathBuf> = inputs.iter().map(|input| locate(input)).collect();
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    refuse_inputs(out, &inputs)?;
    OutputFile::new(out, force, |earlier| {
        let is_in_folder = [CONFIG_FILE, MODEL_FILE].map(|name| earlier.with_file_name(name));
        let of_folder = [BEST_FILE, LAST_FILE, EXPORTED_FILE].map(|name| earlier.ends_with(name));
        let is_of_run = is_in_folder.iter().any(|path| path.is_file()) && of_folder.contains(&true);
        !is_of_run && CheckpointMetadata::read(earlier).is_ok()
    })
}
