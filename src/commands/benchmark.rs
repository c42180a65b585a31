//! `skinlesion benchmark`.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use skinlesion::artifact::format::{Family, Format};
use skinlesion::artifact::package::MODEL_FILE;
use skinlesion::artifact::released;
use skinlesion::inference::benchmark::{Timing, benchmark};
use skinlesion::inference::open;
use skinlesion::model::checkpoint_metadata::EXPORTED_FILE;
use skinlesion::progress::Progress;

use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// An export folder, of which every network is timed; an exported .onnx, .tflite or .pt file; a checkpoint (file or
    /// folder); or released for the network that the program contains
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Images per batch: 1 is one photograph at a time; more show what folders of photographs take. Several are separated
    /// by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1")]
    batch_size: Vec<NonZeroUsize>,

    /// How long to time each file at each batch size, at least 5 batches
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u32,
}

/// The time of one file.
#[derive(Serialize)]
struct Row {
    file: String,
    engine: &'static str,
    threads: usize,
    #[serde(flatten)]
    timing: Timing,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let device = session.device()?;
    let model = released::resolve(&args.model)?;
    let (files, left_out) = networks(&model);
    session.start("Timing", (files.len() * args.batch_size.len()) as u64);
    let mut rows = Vec::new();
    for file in &files {
        let classifier = open::open(file, device)?;
        let engine = engine(file);
        for batch in &args.batch_size {
            let seconds = Duration::from_secs(args.seconds.into());
            rows.push(Row {
                file: name(file),
                engine,
                threads: threads(engine),
                timing: benchmark(classifier.as_ref(), batch.get(), seconds)?,
            });
            session.advance(1);
        }
    }
    session.finish();
    Ok(Summary {
        text: table(&rows) + &note(&left_out),
        json: json!({ "networks": rows, "left_out": left_out }),
        ..Summary::default()
    })
}

/// The networks of a path that this build can run, and the names of the others.
fn networks(model: &Path) -> (Vec<PathBuf>, Vec<String>) {
    if !model.join(MODEL_FILE).is_file() {
        return (vec![open::locate(model)], Vec::new());
    }
    let exported = Format::ALL
        .iter()
        .filter(|format| format.family() != Family::Web);
    let names = exported
        .map(|format| format.file_name())
        .chain([EXPORTED_FILE]);
    let found = names
        .map(|name| model.join(name))
        .filter(|path| path.is_file());
    let (run, others): (Vec<PathBuf>, Vec<PathBuf>) =
        found.partition(|path| cfg!(feature = "torch") || engine(path) == Format::Onnx.engine());
    (run, others.iter().map(|path| name(path)).collect())
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The engine that runs a file here. It is this program's: other runtimes take other times.
fn engine(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("onnx") => Format::Onnx.engine(),
        _ => Format::TorchScript.engine(),
    }
}

/// The number of threads of an engine on the CPU.
fn threads(engine: &str) -> usize {
    match engine == Format::Onnx.engine() {
        true => rayon::current_num_threads(),
        false => libtorch_threads(),
    }
}

#[cfg(feature = "torch")]
fn libtorch_threads() -> usize {
    tch::get_num_threads() as usize
}

#[cfg(not(feature = "torch"))]
fn libtorch_threads() -> usize {
    0 // it runs nothing
}

fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:24} {:8} {:>7} {:>5} {:>9} {:>9} {:>9}\n",
        "file", "engine", "threads", "batch", "median ms", "p90 ms", "images/s"
    );
    for row in rows {
        let timing = &row.timing;
        let _ = writeln!(
            text,
            "{:24} {:8} {:>7} {:>5} {:>9.2} {:>9.2} {:>9.1}",
            row.file,
            row.engine,
            row.threads,
            timing.batch,
            timing.median_ms,
            timing.p90_ms,
            timing.images_per_second
        );
    }
    text + "\nTimes are of a batch, without decoding and resizing of photographs.\n"
}

fn note(left_out: &[String]) -> String {
    match left_out {
        [] => String::new(),
        names => format!(
            "Without libtorch, these are left out: {}.\n",
            names.join(", ")
        ),
    }
}
