//! Proofs that files are those that were written: of a dataset, checkpoint, run, export or evaluation.

use std::path::Path;

use skinlesion::artifact::exported_file::is_exported;
use skinlesion::artifact::format::Format;
use skinlesion::artifact::package::{self, MODEL_FILE};
use skinlesion::artifact::released;
use skinlesion::dataset::findings::Fault;
use skinlesion::dataset::info;
use skinlesion::dataset::validate::{self, ValidationReport};
use skinlesion::evaluation::METRICS_FILE;
use skinlesion::integrity::sealed;
use skinlesion::integrity::sums::{self, Sums};
use skinlesion::model::checkpoint_metadata::{BEST_FILE, EXPORTED_FILE, LAST_FILE};
use skinlesion::model::safetensors_digest;
use skinlesion::{Error, Result};

use crate::terminal::Session;

/// Checks the files at a path, by what they are.
///
/// # Errors
/// A path that is none of them. What is wrong with the files is in the report.
pub fn of(path: &Path, session: &Session) -> Result<ValidationReport> {
    let path = &released::resolve(path)?;
    if path.join(info::FILE).is_file() {
        return Ok(validate::validate(path, session)?.0);
    }
    let mut report = ValidationReport::default();
    if path.join(MODEL_FILE).is_file() {
        export(path, &mut report)?;
    } else if path.join(METRICS_FILE).is_file() {
        json(&path.join(METRICS_FILE), &mut report);
    } else if path.is_dir() {
        run(path, &mut report)?;
    } else if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        match Sums::read(path.parent().unwrap_or(Path::new(".")))? {
            Some(_) => exported_file(path, &mut report)?,
            None => json(path, &mut report),
        }
    } else if is_exported(path) {
        exported_file(path, &mut report)?;
    } else {
        checkpoint(path, &mut report);
    }
    Ok(report)
}

/// Adds a check to the report: its error as a fault.
fn note(report: &mut ValidationReport, checked: Result<()>, proved: String) {
    match checked {
        Ok(()) => report.proved.push(proved),
        Err(Error::Input { place, problem, .. }) => report
            .faults
            .push(Fault::new(format!("{place}: {problem}"))),
        Err(error) => report.faults.push(Fault::new(error.to_string())),
    }
}

/// Checks every file that `SHA256SUMS` lists, and that it lists every file of the folder.
fn export(folder: &Path, report: &mut ValidationReport) -> Result<()> {
    let Some(listed) = Sums::read(folder)? else {
        let networks = Format::ALL
            .iter()
            .map(|format| folder.join(format.file_name()));
        let listed: Vec<_> = networks
            .filter(|path| package::listed_digest(path).is_some())
            .collect();
        for path in &listed {
            exported_file(path, report)?;
        }
        report.not_checked.push(match listed.is_empty() {
            true => no_digests(folder),
            false => format!(
                "{} carries no digests of its other files, as folders of older versions",
                folder.display()
            ),
        });
        return Ok(());
    };
    for name in listed.names() {
        note(
            report,
            listed.refuse_changed(name),
            format!("{name} is unchanged"),
        );
    }
    let known: Vec<&str> = listed.names().chain([sums::FILE]).collect();
    for name in sums::of_files(folder, Default::default())?.into_keys() {
        if !known.contains(&name.as_str()) {
            let problem = format!(
                "{name} is not listed in {}, so it was added later",
                sums::FILE
            );
            report.faults.push(Fault::new(problem));
        }
    }
    let provenance = package::provenance(&folder.join(MODEL_FILE)).map(drop);
    note(
        report,
        provenance,
        "checkpoint.json names the lesions of its training".to_owned(),
    );
    Ok(())
}

fn exported_file(path: &Path, report: &mut ValidationReport) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    match Sums::read(folder)? {
        None if package::listed_digest(path).is_none() => {
            report.not_checked.push(no_digests(path));
        }
        _ => note(
            report,
            package::refuse_changed(path),
            format!("{} is unchanged", path.display()),
        ),
    }
    Ok(())
}

/// Checks a JSON file with digests, and the files whose digests it has.
fn json(path: &Path, report: &mut ValidationReport) {
    const AGAIN: &str = "Write it again.";
    match sealed::read(path, AGAIN) {
        Ok((_, Some(digests))) => {
            report
                .proved
                .push(format!("{} is unchanged", path.display()));
            for name in digests.files.keys() {
                let unchanged = digests.refuse_changed(path, name, AGAIN);
                note(report, unchanged, format!("{name} is unchanged"));
            }
        }
        Ok((_, None)) => report.not_checked.push(no_digests(path)),
        Err(error) => note(report, Err(error), String::new()),
    }
}

/// Checks the checkpoints of a run, and its history.
fn run(folder: &Path, report: &mut ValidationReport) -> Result<()> {
    let found: Vec<_> = ([BEST_FILE, LAST_FILE, EXPORTED_FILE].iter())
        .map(|name| folder.join(name))
        .filter(|path| path.is_file())
        .collect();
    if found.is_empty() {
        return Err(Error::file(
            folder,
            "this is no dataset, run, export or evaluation folder",
            "Name a folder that this program wrote, or a checkpoint.",
        ));
    }
    for path in &found {
        checkpoint(path, report);
    }
    #[cfg(feature = "torch")]
    if folder.join(LAST_FILE).is_file() {
        use skinlesion::training::checkpointing::train_state;
        let checked = train_state::refuse_changed_history(folder);
        note(
            report,
            checked,
            "history.csv is that of the last checkpoint".to_owned(),
        );
    }
    Ok(())
}

fn checkpoint(path: &Path, report: &mut ValidationReport) {
    #[cfg(feature = "torch")]
    let read = skinlesion::model::checkpoint::Checkpoint::read(path).map(drop);
    #[cfg(not(feature = "torch"))]
    let read = skinlesion::model::checkpoint_metadata::CheckpointMetadata::read(path).map(drop);
    let is_sound = read.is_ok();
    note(report, read, format!("{} can be used", path.display()));
    if is_sound {
        match safetensors_digest::is_in(path) {
            true => (report.proved).push(format!("{} is unchanged", path.display())),
            false => report.not_checked.push(no_digests(path)),
        }
    }
}

fn no_digests(path: &Path) -> String {
    format!(
        "{} carries no digests, as files of older versions, so that changes cannot be found",
        path.display()
    )
}
