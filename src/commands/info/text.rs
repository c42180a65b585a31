//! The facts about a network, for people: at most 80 columns.

use std::fmt::Write;
use std::path::Path;

use skinlesion::DISCLAIMER;
use skinlesion::artifact::description::{Description, SplitMetrics};
use skinlesion::inference::model_info::{FileInfo, ModelInfo};
use skinlesion::report::text::headlines;

use crate::terminal::fold;

/// Width of the labels, and of the whole text.
const LABEL: usize = 14;
const WIDTH: usize = 80;

/// `verbose` adds the training configuration.
pub fn text(path: &Path, info: &ModelInfo, verbose: bool) -> String {
    let about = &info.description;
    let mut text = format!("{}: {}\n\n", path.display(), info.kind.words());
    let mut fact = |label: &str, words: &str| text.push_str(&wrapped(label, words));
    fact(
        "network",
        &format!(
            "{}: {:.2} M parameters, {:.0} M multiply-adds",
            info.network,
            info.parameters as f64 / 1e6,
            info.multiply_adds as f64 / 1e6
        ),
    );
    let size = about.resize.size;
    fact(
        "input",
        &format!("{size}×{size} pixels; {}", about.resize.in_words()),
    );
    let codes: Vec<String> = (about.classes.iter())
        .map(|class| {
            format!(
                "{}{}",
                class.code(),
                if class.is_malignant() { "*" } else { "" }
            )
        })
        .collect();
    fact("classes", &format!("{} (*: malignant)", codes.join(" ")));
    let training = info.training.as_ref();
    let from = training.map_or(String::new(), |t| format!(", from {}", t.initial_weights));
    let fold = training.and_then(|training| training.fold);
    let fold = fold.map_or(String::new(), |fold| format!(", validated on fold {fold}"));
    let (phase, epoch) = (&about.checkpoint.phase, about.checkpoint.epoch);
    fact("training", &format!("{phase}, epoch {epoch}{fold}{from}"));
    let lesions = training.map_or(String::new(), |training| {
        let (train, val) = (training.training_lesions, training.validation_lesions);
        format!("; {train} lesions in training, {val} in validation")
    });
    fact(
        "data",
        &format!("{} (SHA-256 of the manifest){lesions}", about.dataset),
    );
    fact("licence", &about.licence);
    let program = training.map_or(&about.written_by, |training| &training.written_by);
    fact("written by", program);
    if let Some(date) = info
        .files
        .iter()
        .filter_map(|file| file.modified.as_ref())
        .max()
    {
        fact("date", &format!("{date}, of the file"));
    }
    fact(
        "checkpoint",
        &format!("{} (SHA-256)", about.checkpoint.sha256),
    );
    fact("temperature", &format!("{:.3}", about.temperature));
    fact("decision", &decision(about));
    text.push_str(&figures(about));
    text.push_str(&thresholds(about));
    text.push_str("\nfiles\n");
    for file in &info.files {
        text.push_str(&file_lines(file));
    }
    if let (true, Some(training)) = (verbose, training) {
        let _ = write!(text, "\nconfiguration\n{}", training.config);
    }
    let _ = writeln!(text, "\n{}", fold::at(WIDTH, DISCLAIMER));
    text
}

fn decision(about: &Description) -> String {
    let decisions = &about.decisions;
    let balanced = decisions.balanced.as_ref().map_or_else(
        || "; balanced: not fitted".to_owned(),
        |rule| {
            let (tau, images) = (rule.tau, rule.images);
            format!(
                "; balanced: τ = {tau}, fitted on {images} {}",
                rule.fitted_on.images()
            )
        },
    );
    format!(
        "{} by default ({}){balanced}",
        decisions.default, decisions.reason
    )
}

/// The headline metrics of each scored split; of a network without them, those of training.
fn figures(about: &Description) -> String {
    let mut text = String::new();
    for split in &about.metrics {
        let _ = writeln!(text, "\n{} {}", split.images, split.part.images());
        for (name, words) in headlines(about.classes) {
            text.push_str(&figure(split, &name, &words));
        }
    }
    if about.metrics.is_empty() && !about.validation.is_empty() {
        text.push_str("\nvalidation images, after the epoch\n");
        for (name, words) in headlines(about.classes) {
            if let Some(value) = about.validation.get(&name) {
                let _ = writeln!(text, "  {words:20} {value:.3}");
            }
        }
    }
    text
}

fn figure(split: &SplitMetrics, name: &str, words: &str) -> String {
    let Some(value) = split.figures.get(name) else {
        return String::new();
    };
    let interval = split
        .intervals
        .get(name)
        .map_or(String::new(), |[low, high]| {
            format!("  [{low:.3}, {high:.3}]")
        });
    format!("  {words:20} {value:.3}{interval}\n")
}

fn thresholds(about: &Description) -> String {
    let mut text = String::new();
    let share = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
    let has_limits = about.abstention.is_some() || about.novelty.is_some();
    if !about.thresholds.is_empty() || has_limits {
        text.push_str("\nthresholds\n");
    }
    for point in &about.thresholds {
        let _ = writeln!(
            text,
            "  {:9} ≥ {:.3}: sensitivity {}, specificity {} ({})",
            point.target.name(),
            point.threshold,
            share(point.sensitivity),
            share(point.specificity),
            point.chosen_on.images(),
        );
    }
    if let Some(abstention) = &about.abstention {
        let _ = writeln!(
            text,
            "  not sure  < {:.3}: {:.0} % of {} are above, accuracy {:.3}",
            abstention.threshold,
            100.0 * abstention.coverage,
            abstention.chosen_on.images(),
            abstention.accuracy,
        );
    }
    if let Some(novelty) = &about.novelty {
        let _ = writeln!(
            text,
            "  novelty   > {:.3}: no dermatoscopic photograph; {:.1} % of {} pass",
            novelty.threshold,
            100.0 * novelty.passes,
            novelty.chosen_on.images(),
        );
    }
    text
}

fn file_lines(file: &FileInfo) -> String {
    let name = file.file.file_name().unwrap_or_default().to_string_lossy();
    let state = match file.as_exported {
        Some(false) => "  CHANGED since the export",
        _ => "",
    };
    let megabytes = file.bytes as f64 / 1e6;
    format!(
        "  {name:24} {megabytes:8.2} MB{state}\n    {}\n",
        file.sha256
    )
}

/// A label and words.
fn wrapped(label: &str, words: &str) -> String {
    let indent = " ".repeat(LABEL);
    fold::hanging(WIDTH, &format!("{label:LABEL$}{words}"), &indent) + "\n"
}
