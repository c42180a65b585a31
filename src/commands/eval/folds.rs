//! `skinlesion eval --folds`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use skinlesion::dataset::{Dataset, Split};
use skinlesion::evaluation::FOLDER_FILES;
use skinlesion::evaluation::folds::{self, Model, PooledEvaluation};
use skinlesion::files::AtomicFolder;
use skinlesion::inference::open;
use skinlesion::progress::Progress;
use skinlesion::report::galleries::galleries;
use skinlesion::report::html::{self, Page};
use skinlesion::{DISCLAIMER, report};

use super::super::class_priors::class_priors;
use super::args::{Args, name_of};
use super::messages::views;
use super::output::Scored;
use crate::terminal::{Outcome, Session, shell};

pub fn run(args: &Args, session: &Session) -> Outcome {
    let draft = AtomicFolder::new(&args.out, args.force, &FOLDER_FILES)?;
    let dataset = Dataset::open(&args.data)?.in_sources(&args.sources)?;
    let device = session.device()?;
    let open = |path: &PathBuf| {
        let classifier = open::open_with(path, args.options(device))?;
        let class_priors = classifier
            .metadata()
            .map(|metadata| class_priors(metadata, &dataset));
        Ok(Model {
            path: path.clone(),
            class_priors: class_priors.transpose()?.flatten(),
            classifier,
        })
    };
    let models: Vec<Model> = args
        .models
        .iter()
        .map(open)
        .collect::<skinlesion::Result<_>>()?;
    let models = folds::by_fold(models, &dataset)?;
    let next = next(args, &dataset, models.values().next());
    let caveat = caveat(models.values());
    warn_different_settings(models.values(), session);
    let info = dataset.info.clone();
    let (evaluation, predictions) = folds::score(&models, dataset, args.batch_size.get(), session)?;
    let page = html::page(&Page {
        title: format!("{} of {}", evaluation.folds_in_words(), name_of(&args.data)),
        caveats: caveat.map(str::to_owned).into_iter().collect(),
        facts: vec![
            (
                "dataset",
                format!("manifest's SHA-256 {}", evaluation.data.manifest),
            ),
            (
                "images",
                format!(
                    "{} of {}",
                    evaluation.metrics.n,
                    evaluation.data.lesions_in_words()
                ),
            ),
        ],
        dataset: &info,
        metrics: &evaluation.metrics,
        intervals: &evaluation.intervals,
        undefined: &evaluation.undefined,
        analysis: &evaluation.analysis,
        predictions: &predictions,
        galleries: &galleries(&predictions, None)?,
        samples: None,
    });
    let scored = Scored {
        caption: format!(
            "{}, {} images",
            evaluation.folds_in_words(),
            evaluation.metrics.n
        ),
        text: text(args, &evaluation, caveat),
        metrics: &evaluation.metrics,
        json: serde_json::to_value(&evaluation)?,
        predictions,
        page,
        submission: args.submission,
        next,
    };
    scored.publish(draft, &args.out)
}

/// Warns if the networks were trained with different settings: their metrics are then of no one recipe.
fn warn_different_settings<'a>(models: impl Iterator<Item = &'a Model>, session: &Session) {
    // A fold's own; a network may have been taught by those of other folds.
    const OF_FOLDS: [&str; 2] = ["seed", "teachers"];
    let metadata = models.filter_map(|model| model.classifier.metadata());
    let settings: Vec<BTreeMap<String, toml::Value>> = metadata
        .filter_map(|metadata| Some(by_key(metadata.config.parse().ok()?)))
        .collect();
    let keys: BTreeSet<&str> = (settings.iter())
        .flat_map(|settings| settings.keys().map(String::as_str))
        .filter(|key| !OF_FOLDS.contains(key))
        .collect();
    let differs = |key: &&str| {
        let mut values = settings.iter().map(|settings| settings.get(*key));
        let first = values.next().flatten();
        values.any(|value| value != first)
    };
    let different: Vec<&str> = keys.into_iter().filter(differs).collect();
    if !different.is_empty() {
        session.warn(&format!(
            "the networks were trained with different settings ({}), so that these metrics are of no one recipe",
            different.join(", ")
        ));
    }
}

/// The settings of a configuration that are not off, by key; files of older versions leave out those that are.
fn by_key(config: toml::Table) -> BTreeMap<String, toml::Value> {
    let is_on = |value: &toml::Value| match value {
        toml::Value::Float(number) => *number != 0.0,
        toml::Value::Integer(number) => *number != 0,
        toml::Value::Boolean(is_on) => *is_on,
        toml::Value::Array(array) => !array.is_empty(),
        toml::Value::Table(table) => !table.is_empty(),
        toml::Value::String(_) | toml::Value::Datetime(_) => true,
    };
    let mut settings = BTreeMap::new();
    for (key, value) in config {
        match value {
            toml::Value::Table(section) if key == "augment" => {
                let named = |(name, value)| (format!("{key}.{name}"), value);
                settings.extend(section.into_iter().map(named));
            }
            value => {
                settings.insert(key, value);
            }
        }
    }
    settings.retain(|_, value| is_on(value));
    settings
}

/// What is said unless every network kept its last epoch.
fn caveat<'a>(mut models: impl Iterator<Item = &'a Model>) -> Option<&'static str> {
    let kept_last = |model: &Model| {
        let metadata = model.classifier.metadata();
        let config = metadata.and_then(|metadata| metadata.config.parse::<toml::Table>().ok());
        config.is_some_and(|config| {
            config.get("monitor").and_then(|key| key.as_str()) == Some("last")
        })
    };
    (!models.all(kept_last)).then_some(
        "The epoch of a network was chosen on the fold that it is evaluated on, so the metrics are slightly optimistic.",
    )
}

/// What a person reads.
fn text(args: &Args, evaluation: &PooledEvaluation, caveat: Option<&str>) -> String {
    format!(
        "{folds} of {data}: {n} images of {lesions}, each evaluated by the network that was not trained on it\n\
         {views}{caveat}\n\n\
         {figures}\n{decisions}{by_fold}\n{DISCLAIMER}\n",
        folds = evaluation.folds_in_words(),
        data = args.data.display(),
        n = evaluation.metrics.n,
        lesions = evaluation.data.lesions_in_words(),
        views = views(args),
        caveat = caveat.unwrap_or_default(),
        figures = report::text::evaluation(
            &evaluation.metrics,
            &evaluation.intervals,
            &evaluation.undefined
        ),
        decisions = report::text::decisions(evaluation.analysis.decisions.as_ref()),
        by_fold = report::text::folds(&evaluation.folds),
    )
}

/// The next command: evaluation on the test split, or training on all folds if there is none.
fn next(args: &Args, dataset: &Dataset, model: Option<&Model>) -> String {
    let data = shell::quoted_path(&args.data);
    if dataset.split_rows(Split::Test).is_empty() {
        let metadata = model.and_then(|model| model.classifier.metadata());
        let phase = match metadata.map(|metadata| metadata.phase.as_str()) {
            Some("finetune") => "finetune --weights imagenet",
            _ => "transfer",
        };
        return format!(
            "skinlesion train --phase {phase} --fold all --data {data} --out checkpoints/all"
        );
    }
    let model = model.map_or_else(String::new, |model| shell::quoted_path(&model.path));
    let out = shell::beside(&args.out, "-test");
    format!("skinlesion eval --model {model} --data {data} --out {out}")
}
