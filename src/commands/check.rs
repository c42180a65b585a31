//! `skinlesion check`.

mod proofs;

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::Error;
use skinlesion::dataset::findings::Fault;
use skinlesion::dataset::validate::{self, ValidationReport};
use skinlesion::dataset::{Dataset, DatasetInfo, Split, info};
use skinlesion::evaluation::leakage;
use skinlesion::inference::open::{self, Options};
use skinlesion::progress::Progress;

use super::trust::TrustArgs;
use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// What to check: dataset, run, export and evaluation folders, checkpoints and exported files, or released. Every
    /// file is compared with its recorded SHA-256
    #[arg(value_name = "PATH", required_unless_present = "data")]
    paths: Vec<PathBuf>,

    /// The dataset folder that --against compares; not needed if it is the only PATH
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Also check that no validation or test lesion was trained on: by a network (a checkpoint, an export folder with
    /// its checkpoint.json, or released), or in another dataset folder, whose images are then compared too. Repeatable
    #[arg(long, value_name = "DIR|CHECKPOINT")]
    against: Vec<PathBuf>,

    #[command(flatten)]
    trust: TrustArgs,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let (data, checked) = match (&args.data, &args.paths[..]) {
        (None, [only]) if !args.against.is_empty() => (Some(only), &[][..]),
        (data, paths) => (data.as_ref(), paths),
    };
    let mut summary = match data {
        Some(data) => dataset(data, args, session)?,
        None if !args.against.is_empty() => {
            return Err(Error::input(
                "--against",
                "it needs the dataset folder to compare",
                "Name it with --data.",
            )
            .into());
        }
        None => Summary {
            json: json!({"sound": true, "proved": [], "not_checked": [], "faults": []}),
            ..Summary::default()
        },
    };
    let mut all = ValidationReport::default();
    let mut paths = Vec::new();
    for path in checked {
        let report = proofs::of(path, session).or_else(|error| match error {
            Error::Stopped => Err(error),
            // The other paths are checked all the same.
            error => Ok(ValidationReport {
                faults: vec![Fault::new(error.to_string())],
                ..ValidationReport::default()
            }),
        })?;
        summary.text += &format!("{}\n{}\n", path.display(), listed(&report));
        tell_if_quiet(path, &report, session);
        paths.push(json!({
            "path": path,
            "sound": report.faults.is_empty(),
            "proved": report.proved,
            "not_checked": report.not_checked,
            "faults": report.faults,
        }));
        all.extend(report);
    }
    summary.failed |= !all.faults.is_empty();
    summary.json["sound"] = json!(!summary.failed);
    summary.json["paths"] = json!(paths);
    for (key, more) in [
        ("proved", json!(all.proved)),
        ("not_checked", json!(all.not_checked)),
        ("faults", json!(all.faults)),
    ] {
        if let (Some(known), Some(more)) = (summary.json[key].as_array_mut(), more.as_array()) {
            known.extend(more.iter().cloned());
        }
    }
    Ok(summary)
}

/// Validates a dataset, and compares it with others and with networks.
fn dataset(data: &Path, args: &Args, session: &Session) -> Outcome {
    let (mut report, dataset) = validate::validate(data, session)?;
    for against in &args.against {
        match &dataset {
            Some(dataset) if against.join(info::FILE).is_file() => {
                let other = Dataset::open(against)?;
                report.extend(validate::against(dataset, &other, session)?);
            }
            Some(dataset) => {
                let options = Options {
                    device: session.device()?,
                    tta: false,
                    trust: args.trust.trust,
                };
                against_network(dataset, against, &mut report, options)?;
            }
            None => session.warn(&format!(
                "not compared with {}, as the pixels cannot be read",
                against.display()
            )),
        }
    }
    let info = DatasetInfo::read(&data.join(info::FILE))?;
    tell_if_quiet(data, &report, session);
    Ok(Summary {
        text: text(data, &info, &report),
        json: json!({
            "sound": report.faults.is_empty(),
            "proved": report.proved,
            "not_checked": report.not_checked,
            "faults": report.faults,
            "counts": info.counts,
        }),
        failed: !report.faults.is_empty(),
        ..Summary::default()
    })
}

/// Reports lesions of the validation and test splits that a network was trained on.
fn against_network(
    dataset: &Dataset,
    model: &Path,
    report: &mut ValidationReport,
    options: Options,
) -> skinlesion::Result<()> {
    let Some(metadata) = open::metadata(model, options)? else {
        return Err(Error::file(
            model,
            "there is no checkpoint.json beside it, which says what it was trained on",
            "Name a checkpoint, or the export folder with its checkpoint.json.",
        ));
    };
    if leakage::is_blind_to_images(&metadata, dataset) {
        report.not_checked.push(format!(
            "{} was written by an older version and lists no images: it may have been trained on these images under other \
             lesion ids",
            model.display()
        ));
    }
    for split in [Split::Val, Split::Test] {
        let fault = match leakage::refuse_seen_lesions(&metadata, dataset, split) {
            Ok(()) => None,
            Err(Error::Input { problem, .. }) => Some(Fault::new(problem)),
            Err(error) => return Err(error),
        };
        if dataset.split_rows(split).is_empty() {
            continue;
        }
        report.note(
            fault,
            format!(
                "no lesion of the {split} split was used to train {}",
                model.display()
            ),
        );
    }
    Ok(())
}

/// Tells the faults where --quiet leaves out the report: they are its errors.
fn tell_if_quiet(path: &Path, report: &ValidationReport, session: &Session) {
    if session.global.quiet && !session.global.json {
        for fault in &report.faults {
            session.warn(&format!("{}: {}", path.display(), fault.in_words()));
        }
    }
}

fn text(data: &Path, info: &DatasetInfo, report: &ValidationReport) -> String {
    let mut text = format!("{}: {} images\n", data.display(), info.images);
    for split in Split::ALL {
        let counts = info.counts.split(split);
        if counts.iter().any(|&count| count > 0) {
            let counts = info
                .classes
                .map(|class| format!("{class} {}", counts[class.index()]));
            text.push_str(&format!("  {split:5}  {}\n", counts.join(", ")));
        }
    }
    text += &listed(report);
    if !report.faults.is_empty() {
        text.push_str(
            "\nBefore evaluating on this folder, prepare it again, or use another network.\n",
        );
    }
    text
}

/// The checks that passed, what could not be checked, and the problems.
fn listed(report: &ValidationReport) -> String {
    let faults: Vec<String> = report.faults.iter().map(Fault::in_words).collect();
    let mut text = String::new();
    for (heading, lines) in [
        ("Checked", &report.proved),
        ("Not checked", &report.not_checked),
        ("Problems", &faults),
    ] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{heading}\n"));
        }
        for line in lines {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}
