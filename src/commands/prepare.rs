//! `skinlesion prepare`.

use std::path::PathBuf;

use serde_json::json;
use skinlesion::Diagnosis;
use skinlesion::dataset::duplicates::Dedupe;
use skinlesion::dataset::plan::Rules;
use skinlesion::dataset::prepare::{Prepared, Recipe, prepare};
use skinlesion::dataset::shares::{Division, Shares};
use skinlesion::dataset::{DatasetInfo, Part};
use skinlesion::preprocess::{Colour, DEFAULT_SIZE, Fit, ResizeRule};
use skinlesion::progress::Progress;

use super::{Outcome, Summary};
use crate::terminal::Session;

#[derive(clap::Args)]
pub struct Args {
    /// The metadata: HAM10000's table (CSV or TSV, any name) or ISIC's one-hot ground truth
    #[arg(long, value_name = "FILE")]
    metadata: PathBuf,

    /// A folder of images, searched with all its subfolders for .jpg, .jpeg and .png; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    images: Vec<PathBuf>,

    /// The dataset folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// What becomes of repeated images of a lesion, which are never in two parts
    #[arg(long, value_enum, default_value_t = DedupeRule::Group)]
    dedupe: DedupeRule,

    /// Share of each class for validation: one number, or by class as in nv=.1,default=.15
    #[arg(long, value_name = "SHARE", default_value = "0.15")]
    val: Shares,

    /// Share of each class for the test part, likewise; 0 for none, if you have another test set
    #[arg(long, value_name = "SHARE", default_value = "0.15")]
    test: Shares,

    /// Side of the stored images in pixels; more shows finer structures and costs time and disk
    #[arg(long, value_name = "PIXELS", default_value_t = DEFAULT_SIZE,
          value_parser = clap::value_parser!(u32).range(32..=1024))]
    size: u32,

    /// How an image becomes square: stretch keeps the whole field, crop keeps the proportions
    #[arg(long, value_enum, default_value_t = FitRule::Stretch)]
    fit: FitRule,

    /// What happens to the colours: as-taken, or shades-of-grey to take a lamp's tint away. Every device must then do
    /// the same; the exports say how
    #[arg(long, value_enum, default_value_t = ColourRule::AsTaken)]
    colour: ColourRule,

    /// Do as the original project did, to compare like with like: --dedupe original, 10 % of nv and 15 % of the
    /// others for validation, no test part, rare localizations left out, 224 pixels
    #[arg(long, value_enum, conflicts_with_all = ["dedupe", "val", "test", "size", "fit", "as"])]
    preset: Option<Preset>,

    /// Put everything into this part: an external test set, which may lack classes
    #[arg(long = "as", id = "as", value_enum, value_name = "PART", conflicts_with_all = ["val", "test"])]
    all_as: Option<AllAs>,

    /// Leave out, and count, images of the metadata that are not on disk, instead of refusing
    #[arg(long)]
    allow_missing: bool,

    /// Leave out, and count, files that do not decode, instead of refusing
    #[arg(long)]
    skip_bad: bool,

    /// Replace --out if it is a dataset folder already
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum DedupeRule {
    /// Training keeps all images of a lesion; validation and test keep one
    Group,
    /// One image a lesion everywhere
    Lesion,
    /// The original project's rule: one of rows equal in lesion, diagnosis, its type, age, sex and localization
    Original,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FitRule {
    /// Scale both sides to the size: the whole field is kept
    Stretch,
    /// Keep the largest centred square
    Crop,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ColourRule {
    /// Stay as they are
    AsTaken,
    /// Each channel is scaled to the same mean of order 6 (Finlayson & Trezzi 2004)
    ShadesOfGrey,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Preset {
    Original,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum AllAs {
    Test,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let recipe = recipe(args, session.seed())?;
    let prepared = prepare(
        &args.metadata,
        &args.images,
        &args.out,
        args.force,
        &recipe,
        session,
    )?;
    for class in absent(&prepared.info) {
        session.warn(&format!("no image of {class} ({})", class.name()));
    }
    Ok(Summary {
        text: text(&prepared, args),
        json: json(&prepared),
        next: Some(next(args)),
        files: prepared.files,
        failed: false,
    })
}

/// The flags as the library wants them.
fn recipe(args: &Args, seed: u64) -> skinlesion::Result<Recipe> {
    let rules = match (args.preset, args.all_as) {
        (Some(Preset::Original), _) => Rules::original(seed),
        (None, all_as) => Rules {
            dedupe: match args.dedupe {
                DedupeRule::Group => Dedupe::Group,
                DedupeRule::Lesion => Dedupe::Lesion,
                DedupeRule::Original => Dedupe::Original,
            },
            division: match all_as {
                Some(AllAs::Test) => Division::AllTest,
                None => Division::drawn(args.val, args.test)?,
            },
            least_per_localization: 0,
            seed,
        },
    };
    Ok(Recipe {
        rules,
        resize: ResizeRule {
            fit: match args.fit {
                FitRule::Stretch => Fit::Stretch,
                FitRule::Crop => Fit::Crop,
            },
            colour: match args.colour {
                ColourRule::AsTaken => Colour::AsTaken,
                ColourRule::ShadesOfGrey => Colour::ShadesOfGrey,
            },
            ..ResizeRule::square(args.size)
        },
        allow_missing: args.allow_missing,
        skip_bad: args.skip_bad,
    })
}

/// Classes without any image.
fn absent(info: &DatasetInfo) -> Vec<Diagnosis> {
    let has = |class: Diagnosis| {
        Part::ALL
            .iter()
            .any(|&part| info.counts.part(part)[class.index()] > 0)
    };
    Diagnosis::ALL.into_iter().filter(|&c| !has(c)).collect()
}

fn next(args: &Args) -> String {
    let data = args.out.display();
    match args.all_as {
        Some(AllAs::Test) => format!(
            "skinlesion eval --model checkpoints/NAME/best.safetensors --data {data} --split test --out NAME-external"
        ),
        None => {
            let name = args.out.file_name().unwrap_or_default().display();
            format!("skinlesion train --phase transfer --data {data} --out checkpoints/{name}")
        }
    }
}

fn text(prepared: &Prepared, args: &Args) -> String {
    let info = &prepared.info;
    let mut text = format!(
        "{} images of {} lesions, from {} rows of {}\n\n",
        info.images,
        total(&info.lesions.train) + total(&info.lesions.val) + total(&info.lesions.test),
        info.rows_read,
        args.metadata.display(),
    );
    text.push_str(&counts_table(info));
    text.push_str("\nRows left out\n");
    if info.dropped.is_empty() {
        text.push_str("  none\n");
    }
    for dropped in &info.dropped {
        text.push_str(&format!("  {:>6}  {}\n", dropped.rows, dropped.reason));
    }
    text.push_str("\nRows that each rule for duplicates drops\n");
    for (rule, rows) in &prepared.drops_by_rule {
        let rows = rows.map_or("–".to_owned(), |rows| rows.to_string());
        let used = if rule.name() == info.dedupe {
            " (used)"
        } else {
            ""
        };
        text.push_str(&format!("  {rows:>6}  --dedupe {}{used}", rule.name()));
        if *rule == Dedupe::Original && prepared.kept_repeatedly_by_original > 0 {
            text.push_str(&format!(
                ": {} lesions stay in more than once, as their rows differ in dx_type, age, sex or localization",
                prepared.kept_repeatedly_by_original
            ));
        }
        text.push('\n');
    }
    text
}

/// Images by class and part, with the lesions of each part below.
fn counts_table(info: &DatasetInfo) -> String {
    let mut table = format!(
        "{:8}{:>8}{:>8}{:>8}{:>8}\n",
        "images", "train", "val", "test", "all"
    );
    let mut line = |name: &str, counts: [usize; 3]| {
        let [train, val, test] = counts;
        let all = train + val + test;
        table.push_str(&format!("{name:8}{train:>8}{val:>8}{test:>8}{all:>8}\n"));
    };
    for class in Diagnosis::ALL {
        line(
            class.code(),
            Part::ALL.map(|part| info.counts.part(part)[class.index()]),
        );
    }
    line("all", Part::ALL.map(|part| total(info.counts.part(part))));
    line(
        "lesions",
        Part::ALL.map(|part| total(info.lesions.part(part))),
    );
    table
}

fn total(counts: &[usize]) -> usize {
    counts.iter().sum()
}

fn json(prepared: &Prepared) -> serde_json::Value {
    let rules: serde_json::Map<_, _> = prepared
        .drops_by_rule
        .iter()
        .map(|(rule, rows)| (rule.name().to_owned(), json!(rows)))
        .collect();
    json!({
        "dataset": prepared.info,
        "dropped_by_rule": rules,
        "lesions_kept_repeatedly_by_original": prepared.kept_repeatedly_by_original,
    })
}
