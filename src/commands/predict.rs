//! `skinlesion predict`.

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::DISCLAIMER;
use skinlesion::imaging::{find, read};
use skinlesion::inference::open;
use skinlesion::probabilities::{Probabilities, ranked};
use skinlesion::progress::Progress;

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

    /// Photographs, or folders to search for .jpg, .jpeg and .png files
    #[arg(value_name = "IMAGE|DIR", required = true)]
    images: Vec<PathBuf>,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let classifier = open::open_with(&args.model, session.device()?, args.tta)?;
    let (paths, missing) = found_paths(find::find(&args.images), session);
    let table = Table::new(&paths, args, session.global.json);
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
        text: format!("\n{photographs}{unread}. * counts as malignant.{averaged}\n{DISCLAIMER}"),
        failed: unreadable > 0,
        ..Summary::default()
    })
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
    json: bool,
}

impl Table {
    fn new(paths: &[PathBuf], args: &Args, json: bool) -> Self {
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
            json!({"image": path.display().to_string(), "top": top, "tta": self.tta})
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
        for (diagnosis, probability) in &ranked(probabilities)[..self.top] {
            let mark = if diagnosis.is_malignant() { '*' } else { ' ' };
            let (percent, name) = (100.0 * probability, diagnosis.name());
            rows += &format!("{image:width$}  {percent:9.1} %  {mark} {name}\n");
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
