//! `skinlesion predict`.

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::imaging::{find, read};
use skinlesion::inference::classifier::Classifier;
use skinlesion::inference::open::{self, Options};
use skinlesion::metrics::decisions::{DecisionRule, Offsets, decide};
use skinlesion::probabilities::{Probabilities, ranked};
use skinlesion::progress::Progress;
use skinlesion::{DISCLAIMER, Diagnosis, Error};

use super::no_digests::note_network;
use super::one_of::one_of;
use crate::terminal::{Outcome, Session, Summary};

/// Photographs per batch.
const BATCH: usize = 32;

/// The largest width of the first column of the table.
const WIDEST: usize = 48;

#[derive(clap::Args)]
pub struct Args {
    /// The network: a checkpoint (file or folder), an export folder, or an exported .onnx, .tflite or .pt file
    #[arg(long, value_name = "FILE")]
    model: PathBuf,

    /// How many diagnoses to list for each photograph, most probable first
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
    top: u8,

    /// Test-time augmentation: average the probabilities of the 8 symmetric views of each photograph (4 rotations,
    /// mirrored or not). More stable, but not better for every class; takes 8 times as long
    #[arg(long)]
    tta: bool,

    /// The rule that names one diagnosis: likeliest (the largest probability) or balanced (rare diagnoses are named
    /// earlier, so fewer are missed). Default: that of the network, which `skinlesion calibrate` chose
    #[arg(long, value_name = "RULE", value_parser = one_of::<DecisionRule>())]
    decision: Option<DecisionRule>,

    /// Open a TorchScript file (.pt). It contains code, which runs with your rights: only for files whose author you
    /// trust. Files in other formats contain no code
    #[arg(long)]
    trust: bool,

    /// Photographs, or folders to search for .jpg, .jpeg and .png files
    #[arg(value_name = "IMAGE|DIR", required = true)]
    images: Vec<PathBuf>,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let classifier = open::open_with(
        &args.model,
        Options {
            device: session.device()?,
            tta: args.tta,
            trust: args.trust,
        },
    )?;
    note_network(&args.model, session);
    let rule = args.decision.unwrap_or(classifier.decisions().default);
    let offsets = *offsets(args, rule, classifier.as_ref())?;
    let (paths, missing) = found_paths(find::find(&args.images), session);
    let table = Table::new(&paths, args, rule, offsets, session.global.json);
    let mut named = 0;
    for batch in paths.chunks(BATCH) {
        let prepared = read::prepare(batch, classifier.resize());
        let readable: Vec<(&PathBuf, Vec<u8>)> = batch
            .iter()
            .zip(prepared)
            .filter_map(|(path, pixels)| {
                Some((path, pixels.map_err(|e| report(&e, session)).ok()?))
            })
            .collect();
        let pixels: Vec<&[u8]> = readable.iter().map(|(_, pixels)| &pixels[..]).collect();
        for ((path, _), answer) in readable.iter().zip(classifier.probabilities(&pixels)?) {
            session.print_result(&table.prediction(path, &answer, named == 0));
            named += 1;
        }
    }
    let unreadable = missing + paths.len() - named;
    let photographs = match named {
        1 => "1 photograph".to_owned(),
        n => format!("{n} photographs"),
    };
    let unread = match unreadable {
        0 => String::new(),
        n => format!("; {n} could not be read, see above"),
    };
    let averaged = if args.tta {
        " Probabilities are means over 8 views of each (--tta)."
    } else {
        ""
    };
    Ok(Summary {
        text: format!(
            "\n{photographs}{unread}. * counts as malignant.{averaged}{}\n{DISCLAIMER}",
            in_words(rule)
        ),
        failed: unreadable > 0,
        ..Summary::default()
    })
}

/// The offsets of a rule, which must have been fitted.
fn offsets<'a>(
    args: &Args,
    rule: DecisionRule,
    classifier: &'a dyn Classifier,
) -> skinlesion::Result<&'a Offsets> {
    classifier.decisions().offsets(rule).ok_or_else(|| {
        Error::file(
            &args.model,
            format!("no decision rule '{rule}' was fitted for this network"),
            "Fit it with `skinlesion calibrate`, or leave out --decision.",
        )
    })
}

/// What the mark of the named diagnosis means, under a rule that may name another than the first.
fn in_words(rule: DecisionRule) -> &'static str {
    match rule {
        DecisionRule::Likeliest => "",
        DecisionRule::Balanced => {
            "\n> is the diagnosis named by the balanced rule, which names rare ones earlier (--decision likeliest: the first)."
        }
    }
}

/// The paths that were found, and how many were not; those are reported.
fn found_paths(
    found: Vec<skinlesion::Result<PathBuf>>,
    session: &Session,
) -> (Vec<PathBuf>, usize) {
    let all = found.len();
    let paths: Vec<PathBuf> = found
        .into_iter()
        .filter_map(|path| path.map_err(|error| report(&error, session)).ok())
        .collect();
    let missing = all - paths.len();
    (paths, missing)
}

fn report(error: &skinlesion::Error, session: &Session) {
    session.warn(&error.to_string());
}

/// Prints predictions as they come: rows for a person, or one JSON object per line for a script.
struct Table {
    width: usize,
    top: usize,
    tta: bool,
    rule: DecisionRule,
    offsets: Offsets,
    json: bool,
}

impl Table {
    fn new(
        paths: &[PathBuf],
        args: &Args,
        rule: DecisionRule,
        offsets: Offsets,
        json: bool,
    ) -> Self {
        let widths = paths
            .iter()
            .map(|path| path.display().to_string().chars().count());
        Self {
            width: widths
                .max()
                .unwrap_or_default()
                .clamp("image".len(), WIDEST),
            top: args.top.into(),
            tta: args.tta,
            rule,
            offsets,
            json,
        }
    }

    fn prediction(&self, path: &Path, probabilities: &Probabilities, first: bool) -> String {
        if self.json {
            self.line(path, probabilities)
        } else {
            self.header(first) + &self.rows(path, probabilities)
        }
    }

    fn line(&self, path: &Path, probabilities: &Probabilities) -> String {
        let top: Vec<_> = ranked(probabilities)[..self.top]
            .iter()
            .map(|(diagnosis, probability)| {
                json!({"class": diagnosis.code(), "name": diagnosis.name(), "probability": probability})
            })
            .collect();
        format!(
            "{}\n",
            json!({
                "image": path.display().to_string(),
                "top": top,
                "decision": {"rule": self.rule, "class": decide(probabilities, &self.offsets)},
                "tta": self.tta,
            })
        )
    }

    fn header(&self, first: bool) -> String {
        let width = self.width;
        if first {
            format!("{:width$}  probability    diagnosis\n", "image")
        } else {
            String::new()
        }
    }

    fn rows(&self, path: &Path, probabilities: &Probabilities) -> String {
        let width = self.width;
        let mut image = shortened(&path.display().to_string(), width);
        let mut rows = String::new();
        let named = decide(probabilities, &self.offsets);
        let ranked = ranked(probabilities);
        // The named diagnosis is listed even if it is not among the first.
        let is_listed = |&(at, (diagnosis, _)): &(usize, &(Diagnosis, f64))| {
            at < self.top || *diagnosis == named
        };
        for (_, (diagnosis, probability)) in ranked.iter().enumerate().filter(is_listed) {
            let mark = if diagnosis.is_malignant() { '*' } else { ' ' };
            let pointer = match self.rule {
                DecisionRule::Balanced if *diagnosis == named => '>',
                _ => ' ',
            };
            let (percent, name) = (100.0 * probability, diagnosis.name());
            rows += &format!("{image:width$}  {percent:9.1} % {pointer}{mark} {name}\n");
            image.clear();
        }
        rows
    }
}

/// A text cut at its beginning to `width` characters: the end of a path says more.
fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let end: String = text.chars().skip(length + 1 - width).collect();
    format!("…{end}")
}
