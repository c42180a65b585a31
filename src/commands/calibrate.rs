//! `skinlesion calibrate`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::dataset::{Dataset, DatasetInfo, info};
use skinlesion::evaluation::calibrate::{Calibrated, calibrate, calibrate_out_of_fold};
use skinlesion::evaluation::out_of_fold::OutOfFold;
use skinlesion::evaluation::{self, novelty_fit};
use skinlesion::metrics::decision_metrics;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::progress::Progress;

use super::class_priors::class_priors;
use super::existing::checkpoint_file;
use crate::terminal::{Outcome, Session, Summary, shell};

#[derive(clap::Args)]
pub struct Args {
    /// The checkpoint to calibrate: a file, or a folder that `skinlesion train` wrote
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,

    /// The dataset folder that it was trained with. Temperature, decision rule and the threshold of the novelty score
    /// are fitted on the validation split, and the statistics of the novelty score on training images; the test split
    /// is not used. Another dataset leaves the novelty score as it is. With --out-of-fold it is needed for the novelty
    /// score alone
    #[arg(long, value_name = "DIR", required_unless_present = "out_of_fold")]
    data: Option<PathBuf>,

    /// For a network trained on all folds (--fold all): the folder that `skinlesion eval --folds` wrote for the
    /// networks of the folds, trained with the same settings. Fits on their predictions instead
    #[arg(long, value_name = "EVAL")]
    out_of_fold: Option<PathBuf>,

    /// The checkpoint file to write: the same network with temperature, decision rules and novelty score in it, which
    /// eval, predict and export use
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Images per batch: more is faster on a GPU and takes more memory
    #[arg(long, value_name = "N", default_value = "32")]
    batch_size: NonZeroUsize,

    /// Replace --out if it exists
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let _out = checkpoint_file(&args.out, args.force, &[&args.checkpoint])?;
    let checkpoint = Checkpoint::read(&args.checkpoint)?;
    let mut calibrated = calibrated(args, checkpoint, session)?;
    if let Some(data) = &args.data {
        let (dataset, batch) = (Dataset::open(data)?, args.batch_size.get());
        let checkpoint = &mut calibrated.checkpoint;
        match checkpoint.metadata.dataset == dataset.info.hashes.manifest {
            true => novelty_fit::fit(checkpoint, dataset, batch, session.device()?, session)?,
            // Its statistics are of training images.
            false => session.warn(&format!(
                "the novelty score is left as it is: {} is not the dataset that the network was trained with",
                data.display()
            )),
        }
    }
    calibrated.checkpoint.write(&args.out)?;
    let metadata = &calibrated.checkpoint.metadata;
    if metadata.decisions.balanced.is_none() {
        session.warn(
            "the checkpoint is of an older version, which did not store class priors: no balanced decision rule is fitted",
        );
    }
    let out = shell::quoted_path(&args.out);
    Ok(Summary {
        text: text(&calibrated),
        json: json!({
            "temperature": calibrated.temperature,
            "fitted_on": calibrated.fitted_on,
            "images": calibrated.images,
            "before": calibrated.before,
            "after": calibrated.after,
            "rules": metadata.decisions,
            "decisions": calibrated.decisions,
            "novelty": metadata.novelty,
        }),
        next: Some(match (&args.data, &args.out_of_fold) {
            (Some(data), None) => {
                let has_test = DatasetInfo::read(&data.join(info::FILE))
                    .is_ok_and(|info| info.counts.test.iter().any(|&images| images > 0));
                let split = match metadata.fold {
                    None if has_test => "",
                    _ => " --split val",
                };
                let data = shell::quoted_path(data);
                let eval = shell::beside(&args.out, "-eval");
                format!("skinlesion eval --model {out} --data {data}{split} --out {eval}")
            }
            (data, evaluation) => {
                let evaluation = evaluation.as_deref().map(shell::quoted_path);
                let data = data.as_deref().map(shell::quoted_path);
                format!(
                    "skinlesion export --checkpoint {out}{} --evaluation {} --out {}",
                    data.map_or_else(String::new, |data| format!(" --data {data}")),
                    evaluation.unwrap_or_default(),
                    shell::beside(&args.out, "-export")
                )
            }
        }),
        files: vec![args.out.clone()],
        failed: false,
    })
}

fn calibrated(
    args: &Args,
    checkpoint: Checkpoint,
    session: &Session,
) -> skinlesion::Result<Calibrated> {
    if let Some(path) = &args.out_of_fold {
        let out_of_fold = OutOfFold::read(path, &checkpoint.metadata)?;
        let priors = checkpoint.metadata.class_priors.clone();
        return calibrate_out_of_fold(checkpoint, out_of_fold, priors, path);
    }
    let path = args.data.as_deref().unwrap_or(Path::new("."));
    let dataset = evaluation::as_trained(Dataset::open(path)?, Some(&checkpoint.metadata))?;
    let priors = class_priors(&checkpoint.metadata, &dataset)?;
    let batch = args.batch_size.get();
    calibrate(
        checkpoint,
        dataset,
        priors,
        batch,
        session.device()?,
        session,
    )
}

fn text(calibrated: &Calibrated) -> String {
    let Calibrated {
        before,
        after,
        temperature,
        correction,
        images,
        fitted_on,
        ..
    } = calibrated;
    let word = match *correction {
        t if t > 1.0 => "it was overconfident",
        _ => "it was underconfident",
    };
    let mut text = format!(
        "Temperature {temperature:.4}, fitted on {images} {of}: {word}\n\n{:28}{:>9}{:>9}\n",
        "on these images",
        "before",
        "after",
        of = fitted_on.images(),
    );
    for (name, before, after) in [
        ("log loss", before.log_loss, after.log_loss),
        (
            "calibration error, width",
            before.ece_equal_width,
            after.ece_equal_width,
        ),
        (
            "calibration error, mass",
            before.ece_equal_mass,
            after.ece_equal_mass,
        ),
        ("Brier score", before.brier, after.brier),
        (
            "accuracy (does not change)",
            before.accuracy,
            after.accuracy,
        ),
    ] {
        text.push_str(&format!("{name:28}{before:>9.4}{after:>9.4}\n"));
    }
    text + &decisions(calibrated) + &novelty(calibrated)
}

/// The novelty score, in a sentence of two lines.
fn novelty(calibrated: &Calibrated) -> String {
    let metadata = &calibrated.checkpoint.metadata;
    let Some(rule) = metadata.novelty else {
        return "\nNo novelty score: name the dataset of the training with --data; it needs enough images.\n".to_owned();
    };
    format!(
        "\nNovelty score: {:.1} % of {} {} pass its threshold {:.4};\nan image above it does not look like a dermatoscopic photograph.\n",
        100.0 * rule.passes,
        rule.images,
        rule.chosen_on.images(),
        rule.threshold,
    )
}

/// The decision rules: their metrics, and which one is the default.
fn decisions(calibrated: &Calibrated) -> String {
    let rules = &calibrated.checkpoint.metadata.decisions;
    let (Some(rule), Some(balanced)) = (&rules.balanced, &calibrated.decisions.balanced) else {
        return String::new();
    };
    let likeliest = &calibrated.decisions.likeliest;
    let mut text = format!("\n{:28}{:>9}{:>9}\n", "decision", "likeliest", "balanced");
    for name in decision_metrics::NAMES {
        let number = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.4}"));
        let [one, other] = [likeliest, balanced].map(|metrics| number(metrics.get(name)));
        let words = decision_metrics::words(name);
        text.push_str(&format!("{words:28}{one:>9}{other:>9}\n"));
    }
    text + &format!(
        "\nBalanced names the class with the largest ln p − {:.2} ln π (π: prior in training). Default: {}.\n",
        rule.tau, rules.default
    )
}
