//! `skinlesion check`.

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::dataset::findings::Fault;
use skinlesion::dataset::validate::{self, ValidationReport};
use skinlesion::dataset::{Dataset, DatasetInfo, Split, info};
use skinlesion::evaluation::leakage;
use skinlesion::inference::open;
use skinlesion::progress::Progress;
use skinlesion::{Diagnosis, Error};

use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// The dataset folder to validate
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Also check that no test lesion was trained on: by a network (a checkpoint, or an export folder with its
    /// checkpoint.json), or in another dataset folder, whose images are then compared too. Repeatable
    #[arg(long, value_name = "DIR|CHECKPOINT")]
    against: Vec<PathBuf>,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let (mut report, dataset) = validate::validate(&args.data, session)?;
    for against in &args.against {
        match &dataset {
            Some(dataset) if against.join(info::FILE).is_file() => {
                let other = Dataset::open(against)?;
                let more = validate::against(dataset, &other, session)?;
                report.proved.extend(more.proved);
                report.faults.extend(more.faults);
            }
            Some(dataset) => against_network(dataset, against, &mut report, session)?,
            None => session.warn(&format!(
                "not compared with {}, as the pixels cannot be read",
                against.display()
            )),
        }
    }
    let info = DatasetInfo::read(&args.data.join(info::FILE))?;
    Ok(Summary {
        text: text(&args.data, &info, &report),
        json: json!({
            "sound": report.faults.is_empty(),
            "proved": report.proved,
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
    session: &Session,
) -> skinlesion::Result<()> {
    let Some(metadata) = open::metadata(model, session.device()?)? else {
        return Err(Error::file(
            model,
            "there is no checkpoint.json beside it, which says what it was trained on",
            "Name a checkpoint, or the export folder with its checkpoint.json.",
        ));
    };
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

fn text(data: &Path, info: &DatasetInfo, report: &ValidationReport) -> String {
    let mut text = format!("{}: {} images\n", data.display(), info.images);
    for split in Split::ALL {
        let counts = info.counts.split(split);
        if counts.iter().any(|&count| count > 0) {
            let counts = Diagnosis::ALL.map(|class| format!("{class} {}", counts[class.index()]));
            text.push_str(&format!("  {split:5}  {}\n", counts.join(", ")));
        }
    }
    if !report.proved.is_empty() {
        text.push_str("\nChecked\n");
    }
    for proved in &report.proved {
        text.push_str(&format!("  {proved}\n"));
    }
    if !report.faults.is_empty() {
        text.push_str("\nProblems\n");
    }
    for fault in &report.faults {
        text.push_str(&format!("  {}\n", fault.in_words()));
    }
    if !report.faults.is_empty() {
        text.push_str(
            "\nRun `skinlesion prepare` again before evaluating any network on this folder.\n",
        );
    }
    text
}
