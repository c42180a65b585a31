//! `skinlesion prepare`.

mod labels;
mod messages;
mod tables;

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::dataset::build::input::Input;
use skinlesion::dataset::build::options::PrepareOptions;
use skinlesion::dataset::build::{Prepared, prepare};
use skinlesion::dataset::duplicates::Dedupe;
use skinlesion::dataset::group_by::GroupBy;
use skinlesion::dataset::hold_out::Condition;
use skinlesion::dataset::near_duplicates::summary::NearDuplicatePolicy;
use skinlesion::dataset::plan::Rules;
use skinlesion::dataset::split_fractions::{SplitFractions, SplitStrategy};
use skinlesion::dataset::strata::Stratify;
use skinlesion::dataset::{DatasetInfo, Split, folds};
use skinlesion::imaging::resize::{Colour, DEFAULT_SIZE, Fit, ResizeRule};
use skinlesion::progress::Progress;
use skinlesion::{Class, report};

pub use self::labels::class_list;

use self::labels::LabelArgs;
use self::tables::Tables;
use super::one_of::one_of;
use crate::terminal::{Outcome, Session, Summary, shell};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tables: Tables,

    #[command(flatten)]
    labels: LabelArgs,

    /// A folder of images, searched with all its subfolders for .jpg, .jpeg, .png, .webp, .tif, .tiff and .bmp; may be
    /// repeated
    #[arg(long, value_name = "DIR", required_unless_present = "images_by_class")]
    images: Vec<PathBuf>,

    /// The dataset folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// How repeated images of a lesion are treated; a lesion is never in two splits
    #[arg(long, value_parser = one_of::<Dedupe>(), default_value_t)]
    dedupe: Dedupe,

    /// What is in one split or fold as a whole. Groups by patients cannot be divided, so that the fractions of --val
    /// and of --test are met less closely [default: both if the tables name patients, else lesion_id]
    #[arg(long, value_parser = one_of::<GroupBy>(), value_name = "COLUMN")]
    group_by: Option<GroupBy>,

    /// Fraction of each class for validation, from 0 to below 1: one number, or by class, as in nv=.1,default=.15
    #[arg(long, value_name = "FRACTION", default_value_t = SplitFractions::DEFAULT)]
    val: SplitFractions,

    /// Fraction of each class for the test split, in the same form; 0 for none, if you have another test set
    #[arg(long, value_name = "FRACTION", default_value_t = SplitFractions::DEFAULT)]
    test: SplitFractions,

    /// Divide everything but the test split into K folds (2 to 20) for cross-validation, instead of --val. Each fold is
    /// the validation split of the network trained on the others. The test split is the same as without --folds
    #[arg(long, value_name = "K", value_parser = folds_in_range, conflicts_with = "val")]
    folds: Option<usize>,

    /// Test on every lesion with an image of this value, instead of a random test split, to measure how a network
    /// generalizes: source=, sex=, localization= or dx_type=, as in source=rosendahl. Repeatable; one match is enough
    #[arg(long, value_name = "COLUMN=VALUE", conflicts_with = "test")]
    hold_out: Vec<Condition>,

    /// Side of the stored images, 32 to 1024 pixels; larger shows finer structures and costs time and disk space
    #[arg(long, value_name = "PIXELS", default_value_t = DEFAULT_SIZE,
          value_parser = clap::value_parser!(u32).range(32..=1024))]
    size: u32,

    /// How an image is made square: stretch keeps the whole field, crop keeps the aspect ratio
    #[arg(long, value_parser = one_of::<Fit>(), default_value_t)]
    fit: Fit,

    /// Colour correction: as-taken for none, or shades-of-grey to remove the colour cast of the lamp. Every device that
    /// runs the network must then do the same; the exports describe it
    #[arg(long, value_parser = one_of::<Colour>(), default_value_t)]
    colour: Colour,

    /// Settings of the Keras project that this program re-creates, for comparison: --dedupe original, 10 % of nv and
    /// 15 % of the other classes for validation, no test split, rare localizations left out, 224 pixels
    #[arg(long, value_enum, conflicts_with_all = ["dedupe", "val", "test", "folds", "hold_out", "size", "fit", "as"])]
    preset: Option<Preset>,

    /// Put everything into this split, for an external test set, which may lack classes
    #[arg(long = "as", id = "as", value_enum, value_name = "SPLIT", conflicts_with_all = ["val", "test", "folds", "hold_out"])]
    all_as: Option<AllAs>,

    /// How near-duplicates are treated: lesions whose images show the same skin under different ids, which would leak
    /// between splits. Off skips the search, which also has to decode images that --dedupe leaves out
    /// [default: join; off with --preset]
    #[arg(long, value_parser = one_of::<NearDuplicatePolicy>(), value_name = "POLICY")]
    near_duplicates: Option<NearDuplicatePolicy>,

    /// Leave out and count images of the metadata that are not on disk, instead of failing
    #[arg(long)]
    allow_missing: bool,

    /// Leave out and count files that do not decode, instead of failing
    #[arg(long)]
    skip_bad: bool,

    /// Replace --out if it is a dataset folder
    #[arg(long)]
    force: bool,
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
    let options = options(args, session.seed())?;
    let prepared = prepare(
        match &args.tables.by_class {
            Some(folders) => Input::ClassFolders(folders),
            None => Input::Tables(&args.tables.tables, &args.images),
        },
        &args.out,
        args.force,
        &options,
        &report::dataset::write,
        session,
    )?;
    for class in absent(&prepared.info) {
        session.warn(&format!("no image of {class} ({})", class.name()));
    }
    for class in held_out_whole(&prepared.info) {
        session.warn(&format!(
            "no image of {class} ({}) is left to train on: all are held out",
            class.name()
        ));
    }
    Ok(Summary {
        text: self::messages::summary(&prepared, &args.tables),
        json: json(&prepared),
        next: Some(next(args)),
        files: prepared.files,
        failed: false,
    })
}

/// The options that the flags stand for.
fn options(args: &Args, seed: u64) -> skinlesion::Result<PrepareOptions> {
    // One table of several sources is stratified by localization alone, so that HAM10000's splits stay as published.
    let stratify = match args.tables.tables.len() {
        0 | 1 => Stratify::Localization,
        _ => Stratify::SourceAndLocalization,
    };
    let rules = match args.preset {
        Some(Preset::Original) => Rules {
            stratify,
            ..Rules::original(seed)
        },
        None => Rules {
            dedupe: args.dedupe,
            strategy: strategy(args)?,
            stratify,
            hold_out: args.hold_out.clone(),
            group_by: GroupBy::default(),
            least_per_localization: 0,
            seed,
        },
    };
    Ok(PrepareOptions {
        labels: args.labels.rules()?,
        group_by: args.group_by,
        rules,
        resize: ResizeRule {
            fit: args.fit,
            colour: args.colour,
            ..ResizeRule::square(args.size)
        },
        allow_missing: args.allow_missing,
        skip_bad: args.skip_bad,
        near_duplicates: match (args.near_duplicates, args.preset) {
            (Some(asked), _) => asked,
            (None, None) => NearDuplicatePolicy::Join,
            // The original project did not search for near-duplicates, and its split sizes must come out the same.
            (None, Some(Preset::Original)) => NearDuplicatePolicy::Off,
        },
    })
}

fn strategy(args: &Args) -> skinlesion::Result<SplitStrategy> {
    let test = if args.hold_out.is_empty() {
        args.test.clone()
    } else {
        SplitFractions::uniform(0.0)
    };
    Ok(match (args.all_as, args.folds) {
        (Some(AllAs::Test), _) => SplitStrategy::AllTest,
        (None, Some(folds)) => SplitStrategy::Folded { folds, test },
        (None, None) => SplitStrategy::Drawn {
            val: args.val.clone(),
            test,
        },
    })
}

fn folds_in_range(text: &str) -> Result<usize, String> {
    let (least, most) = (folds::RANGE.start(), folds::RANGE.end());
    text.parse()
        .ok()
        .filter(|folds| folds::RANGE.contains(folds))
        .ok_or_else(|| format!("not a number from {least} to {most}"))
}

/// Classes without any image.
fn absent(info: &DatasetInfo) -> Vec<Class> {
    let has = |class: Class| {
        Split::ALL
            .iter()
            .any(|&split| info.counts.split(split)[class.index()] > 0)
    };
    info.classes.iter().filter(|&c| !has(c)).collect()
}

/// Classes that only the test split has, because they were held out with it.
fn held_out_whole(info: &DatasetInfo) -> Vec<Class> {
    let only_test = |class: &Class| {
        info.counts.train[class.index()] == 0 && info.counts.test[class.index()] > 0
    };
    if info.hold_out.is_empty() {
        return Vec::new();
    }
    info.classes.iter().filter(only_test).collect()
}

fn next(args: &Args) -> String {
    let data = shell::quoted_path(&args.out);
    match args.all_as {
        Some(AllAs::Test) => format!("skinlesion check {data}"),
        None => {
            let name = args.out.file_name().unwrap_or_default();
            let (fold, place) = match args.folds {
                Some(_) => (" --fold 0", "fold-0"),
                None => ("", ""),
            };
            let out = Path::new("checkpoints").join(name).join(place);
            let out = shell::quoted(out.to_string_lossy().trim_end_matches('/'));
            format!("skinlesion train --phase transfer --data {data}{fold} --out {out}")
        }
    }
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
