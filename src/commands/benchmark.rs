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
use skinlesion::inference::open::{self, Options};
use skinlesion::model::checkpoint_metadata::EXPORTED_FILE;
use skinlesion::progress::Progress;

use super::trust::TrustArgs;
use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// An export folder, of which every network is timed; an exported .onnx, .tflite or .pt file; a checkpoint (file or
    /// folder); or released for the network that the program contains
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Images per batch: 1 is one photograph at a time; more show what folders of photographs take. Several are
    /// separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1")]
    batch_size: Vec<NonZeroUsize>,

    /// How long to time each file at each batch size, in whole seconds; at least 5 batches are timed
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u32,

    #[command(flatten)]
    trust: TrustArgs,
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
    let Networks {
        files,
        without_libtorch,
        untrusted,
    } = Networks::of(&model, args.trust.trust)?;
    let options = Options {
        device,
        tta: false,
        trust: args.trust.trust,
    };
    session.start("Timing", (files.len() * args.batch_size.len()) as u64);
    let mut rows = Vec::new();
    for file in &files {
        let classifier = open::open_with(file, options)?;
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
    let left_out: Vec<&String> = without_libtorch.iter().chain(&untrusted).collect();
    Ok(Summary {
        text: table(&rows)
            + &note("Without libtorch, these are left out", &without_libtorch)
            + &note(
                "These contain code and are left out without --trust",
                &untrusted,
            ),
        json: json!({ "networks": rows, "left_out": left_out }),
        ..Summary::default()
    })
}

/// The networks of a path: those to time, and the names of those that are left out, with the reason.
#[derive(Default)]
struct Networks {
    files: Vec<PathBuf>,
    without_libtorch: Vec<String>,
    untrusted: Vec<String>,
}

impl Networks {
    /// The networks of an export folder; of another path, the one that it names.
    fn of(model: &Path, trust: bool) -> skinlesion::Result<Self> {
        if !model.join(MODEL_FILE).is_file() {
            let files = vec![open::located(model)?];
            return Ok(Self {
                files,
                ..Self::default()
            });
        }
        let exported = Format::ALL
            .iter()
            .filter(|format| format.family() != Family::Web);
        let names = exported
            .map(|format| format.file_name())
            .chain([EXPORTED_FILE]);
        let mut found = Self::default();
        let paths = names.map(|name| model.join(name));
        for path in paths.filter(|path| path.is_file()) {
            let is_torchscript = path.extension().is_some_and(|extension| extension == "pt");
            if cfg!(not(feature = "torch")) && engine(&path) != Format::Onnx.engine() {
                found.without_libtorch.push(name(&path));
            } else if is_torchscript && !trust {
                found.untrusted.push(name(&path));
            } else {
                found.files.push(path);
            }
        }
        Ok(found)
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The engine that runs a file here. It is this program's: other runtimes take other times.
fn engine(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("onnx") => Format::Onnx.engine(),
        Some("tflite") => Format::Tflite.engine(),
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
        "{:24} {:10} {:>7} {:>5} {:>9} {:>9} {:>9}\n",
        "file", "engine", "threads", "batch", "median ms", "p90 ms", "images/s"
    );
    for row in rows {
        let timing = &row.timing;
        let _ = writeln!(
            text,
            "{:24} {:10} {:>7} {:>5} {:>9.2} {:>9.2} {:>9.1}",
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

fn note(reason: &str, left_out: &[String]) -> String {
    match left_out {
        [] => String::new(),
        names => format!("{reason}: {}.\n", names.join(", ")),
    }
}
