//! `skinlesion demo`.

mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;
use skinlesion::Error;
use skinlesion::dataset::{Dataset, Split};
use skinlesion::files::{self, FolderFiles, temporary};
use skinlesion::progress::Progress;
use skinlesion::synthetic::{self, FEWEST_LESIONS};

use self::steps::{RunStep, Steps, command};
use crate::terminal::{Outcome, Session, Summary, shell};

/// Below this the demo has failed.
const GOAL: f64 = 0.90;

/// The settings of both training phases; also the file by which an earlier demo is known.
const CONFIG: (&str, &str) = ("demo.toml", include_str!("../../configs/demo.toml"));

/// What a demo's folder holds; the first is removed last, because the demo is known by it.
const FILES: FolderFiles = FolderFiles {
    marker: CONFIG.0,
    names: &[
        CONFIG.0,
        "drawn/",
        "data/",
        "transfer/",
        "finetuned/",
        "eval/",
        "export/",
    ],
};

/// Side of the images in pixels: enough for the drawn patterns, and quick.
const SIZE: &str = "80";

#[derive(clap::Args)]
pub struct Args {
    /// The folder to write everything to
    #[arg(long, value_name = "DIR", default_value = "demo")]
    out: PathBuf,

    /// Number of lesions to draw, at least 60; with fewer, the network is worse and evaluated on less
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(FEWEST_LESIONS as i64..))]
    lesions: u32,

    /// Only draw: metadata and JPEGs in HAM10000's format, for experiments
    #[arg(long)]
    draw_only: bool,

    /// Replace --out if it is an earlier demo
    #[arg(long)]
    force: bool,
}

/// `run_step` runs the command line of a step.
pub fn run(args: &Args, session: &Session, run_step: RunStep) -> Outcome {
    if args.draw_only {
        return draw(args, session);
    }
    if cfg!(not(feature = "torch")) {
        let problem = "training needs libtorch; only --draw-only works without it";
        return Err(Error::needs_libtorch("skinlesion demo", problem).into());
    }
    let began = Instant::now();
    let places = Places::in_folder(&args.out);
    let steps = Steps::new(session, run_step);
    steps.step(
        "Draw",
        "Lesions of all seven classes, in HAM10000's format: a table and two folders of JPEGs.",
        draw_command(args),
    )?;
    steps.step(
        "Prepare",
        "Split by lesion, so that no lesion is in two splits, and pack the pixels for training.",
        command(&["prepare", "--metadata"])
            .path(&places.metadata)
            .path_of("--images", &places.drawn)
            .path_of("--out", &places.data)
            .words(&["--val", "0.15", "--test", "0.2", "--size", SIZE]),
    )?;
    steps.step(
        "Train the head",
        "The base is frozen. Here its weights are random, so the head learns little; with ImageNet weights (the \
         default of this phase) it is a strong start.",
        command(&["train", "--phase", "transfer", "--weights", "none"])
            .path_of("--config", &places.config)
            .path_of("--data", &places.data)
            .path_of("--out", &places.transfer),
    )?;
    steps.step(
        "Fine-tune",
        "Train the base too, on images that are rotated, mirrored and recoloured at random.",
        command(&["train", "--phase", "finetune"])
            .path_of("--from", &places.transfer)
            .path_of("--config", &places.config)
            .path_of("--data", &places.data)
            .path_of("--out", &places.finetuned),
    )?;
    let evaluation = steps.step(
        "Evaluate",
        "Evaluate the network on the test split, whose lesions were used neither for training nor for any choice.",
        command(&["eval", "--model"])
            .path(&places.finetuned)
            .path_of("--data", &places.data)
            .path_of("--out", &places.eval),
    )?;
    steps.step(
        "Export",
        "Write the network for phones and other programs, and compare each file with the checkpoint.",
        command(&["export", "--checkpoint"])
            .path(&places.finetuned)
            .path_of("--data", &places.data)
            .path_of("--out", &places.export),
    )?;
    steps.step(
        "Predict",
        "Run the exported file on photographs of the test split: a melanoma, a nevus and a vascular lesion.",
        command(&["predict", "--model"])
            .path(&places.export.join("model.onnx"))
            .paths(&examples(&places)?),
    )?;
    let reached = evaluation.json["balanced_accuracy"].as_f64();
    Ok(summary(args, &places, reached, began, session))
}

/// Where the demo puts what.
struct Places {
    config: PathBuf,
    drawn: PathBuf,
    metadata: PathBuf,
    data: PathBuf,
    transfer: PathBuf,
    finetuned: PathBuf,
    eval: PathBuf,
    export: PathBuf,
}

impl Places {
    fn in_folder(out: &Path) -> Self {
        let drawn = out.join("drawn");
        Self {
            config: out.join(CONFIG.0),
            metadata: drawn.join(synthetic::METADATA),
            drawn,
            data: out.join("data"),
            transfer: out.join("transfer"),
            finetuned: out.join("finetuned"),
            eval: out.join("eval"),
            export: out.join("export"),
        }
    }
}

fn draw_command(args: &Args) -> steps::Command {
    let lesions = args.lesions.to_string();
    let command =
        command(&["demo", "--draw-only", "--lesions", &lesions]).path_of("--out", &args.out);
    if args.force {
        command.words(&["--force"])
    } else {
        command
    }
}

/// Draws into an empty folder, or replaces an earlier demo.
fn draw(args: &Args, session: &Session) -> Outcome {
    let places = Places::in_folder(&args.out);
    create_folder(args)?;
    files::write_atomically(&places.config, CONFIG.1.as_bytes())?;
    let options = synthetic::Options {
        lesions: args.lesions as usize,
        seed: session.seed(),
        ..synthetic::Options::default()
    };
    synthetic::draw(&places.drawn, &options, session)?;
    let images = places.drawn.display();
    let [metadata, drawn] = [&places.metadata, &places.drawn].map(|path| shell::quoted_path(path));
    Ok(Summary {
        text: format!(
            "Drew photographs of {} lesions in {images}.",
            options.lesions
        ),
        next: Some(format!(
            "skinlesion prepare --metadata {metadata} --images {drawn} --out data/drawn"
        )),
        json: json!({"lesions": options.lesions, "seed": options.seed}),
        files: synthetic::IMAGE_FOLDERS.iter().fold(
            vec![places.metadata.clone()],
            |mut files, folder| {
                files.push(places.drawn.join(folder));
                files
            },
        ),
        failed: false,
    })
}

/// Makes the demo's folder. A folder that holds anything is refused, unless it is an earlier demo and --force was
/// given.
fn create_folder(args: &Args) -> skinlesion::Result<()> {
    let occupied = fs::read_dir(&args.out).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !args.force {
        return Err(Error::Exists(args.out.clone()));
    }
    if occupied {
        if !args.out.join(CONFIG.0).is_file() {
            return Err(Error::file(
                &args.out,
                format!(
                    "this folder holds no {}, so it is not an earlier demo",
                    CONFIG.0
                ),
                "Choose another --out, or remove the folder yourself.",
            ));
        }
        FILES.refuse_strangers(&args.out)?;
        for name in FILES.names.iter().rev() {
            temporary::remove(&args.out.join(name));
        }
    }
    fs::create_dir_all(&args.out).map_err(Error::io("create", &args.out))
}

/// Photographs to predict on: the first of each of three classes in the test split.
fn examples(places: &Places) -> skinlesion::Result<Vec<PathBuf>> {
    let dataset = Dataset::open(&places.data)?;
    let test = dataset.split_rows(Split::Test);
    let first = |wanted| {
        let mut samples = test.iter().map(|&row| &dataset.rows[row].sample);
        samples.find(|sample| sample.dx == wanted)
    };
    let photograph = |id: &str| {
        let mut paths = synthetic::IMAGE_FOLDERS
            .iter()
            .map(|folder| places.drawn.join(folder).join(format!("{id}.jpg")));
        paths.find(|path| path.is_file())
    };
    Ok(["mel", "nv", "vasc"]
        .into_iter()
        .filter_map(|code| dataset.info.classes.by_code(code))
        .filter_map(|wanted| photograph(&first(wanted)?.image_id))
        .collect())
}

/// The summary. The demo fails if balanced accuracy is below [`GOAL`].
fn summary(
    args: &Args,
    places: &Places,
    reached: Option<f64>,
    began: Instant,
    session: &Session,
) -> Summary {
    let failed = reached.is_none_or(|reached| reached < GOAL);
    let value = reached.map_or_else(|| "undefined".into(), |value| format!("{value:.4}"));
    let verdict = if failed { "FAILED" } else { "Reached" };
    if failed {
        session.warn(&format!(
            "the demo FAILED: balanced accuracy {value} on the test split is below {GOAL:.2}"
        ));
    }
    let seconds = began.elapsed().as_secs();
    let text = format!(
        "== All steps in {} min {:02} s ==\n\n\
         Balanced accuracy on the test split: {value}. {verdict} the goal of {GOAL:.2}.\n\n\
         The network started from random weights and was trained on drawn lesions only. The lesions of the test split \
         are not among those of training and validation; the epoch was chosen on validation, and the test split was \
         evaluated once, at the end. Drawn lesions are far easier than real ones: the result shows that the pipeline \
         works, and says nothing about medicine.\n\n{}",
        seconds / 60,
        seconds % 60,
        skinlesion::DISCLAIMER,
    );
    Summary {
        text,
        files: vec![
            places.eval.join("metrics.json"),
            places.finetuned.clone(),
            places.export.clone(),
        ],
        next: Some(format!(
            "skinlesion serve {}",
            shell::quoted_path(&places.export)
        )),
        json: json!({
            "balanced_accuracy": reached,
            "goal": GOAL,
            "failed": failed,
            "seconds": seconds,
            "out": args.out,
        }),
        failed,
    }
}
