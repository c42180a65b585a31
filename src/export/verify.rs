//! Runs each exported file in its own inference engine and compares it with the checkpoint.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::images::Images;
use super::inputs::ExportInputs;
use super::novelty_check;
use crate::artifact::check::{BalancedScore, Check, Score};
use crate::artifact::format::{Format, Precision};
use crate::inference::classifier::{Classifier, Outputs};
use crate::metrics::decisions::{DecisionRule, Decisions, adjusted};
use crate::metrics::{self, Metrics};
use crate::probabilities::Probabilities;
use crate::progress::Progress;
use crate::{Class, Error, Result};

/// The largest allowed probability difference of a float32 file, due to another order of additions.
pub const TOLERANCE: f64 = 1e-4;

/// The batch size.
const BATCH: usize = 32;

/// The number of images that are also run at batch size 1, and timed.
const SINGLE: usize = 8;

/// The result of verification.
pub enum Verification {
    /// The file passed.
    Passed(Box<Check>),
    /// The file failed, for this reason.
    Failed(String),
    /// Its novelty score failed, for this reason, and nothing else did.
    NoveltyFailed(String),
}

/// A classifier's outputs, computed in batches.
pub fn answers(
    classifier: &dyn Classifier,
    name: &str,
    images: &Images,
    progress: &dyn Progress,
) -> Result<Outputs> {
    progress.start(&format!("Running {name}"), images.pixels.len() as u64);
    let answers = in_batches(classifier, &images.pixels, BATCH, progress)?;
    progress.finish();
    Ok(answers)
}

/// Runs an exported file, at batch size 1 and in batches, and compares it with the checkpoint's probabilities.
///
/// float32: probabilities within [`TOLERANCE`] and the same top-1 class on all images, or an error. float16 and int8, on
/// labelled images: balanced accuracy and melanoma recall, of both decision rules, drop by at most `tolerance` percentage
/// points, or by one image where that is more. float16, on all images: another top-1 class on at most `tolerance` percent
/// of them, or on one image. Novelty scores: of float32 within [`novelty_check::TOLERANCE`]; of others on the same side of the
/// threshold, except on at most [`novelty_check::CHANGES`] percent of the images or on one.
pub fn check(
    format: Format,
    classifier: &dyn Classifier,
    inputs: &ExportInputs,
    tolerance: f64,
    progress: &dyn Progress,
) -> Result<Verification> {
    let (images, expected) = (inputs.images, &inputs.answers.probabilities);
    let scores = inputs.answers.novelty.as_deref();
    let singles = &images.pixels[..SINGLE.min(images.pixels.len())];
    progress.start(
        &format!("Running {}", format.file_name()),
        (singles.len() + images.pixels.len()) as u64,
    );
    let one_by_one = in_batches(classifier, singles, 1, progress)?;
    let together = in_batches(classifier, &images.pixels, BATCH, progress)?;
    progress.finish();
    let novelty = novelty_check::compare(classifier.novelty(), scores, together.novelty.as_deref());
    let together = together.probabilities;
    if format.precision() == Precision::Single {
        let refuse = |problem: String| Error::Disagreement {
            path: PathBuf::from(format.file_name()),
            problem,
        };
        equal(&expected[..singles.len()], &one_by_one.probabilities)
            .map_err(|problem| refuse(format!("{problem}, at batch size 1")))?;
        equal(expected, &together)
            .map_err(|problem| refuse(format!("{problem}, at batch size {BATCH}")))?;
        if let Some(problem) = novelty.and_then(|found| novelty_check::disagreement(&found)) {
            return Err(refuse(problem));
        }
    }
    let differences = || {
        let pairs = (expected.iter().zip(&together)).flat_map(|(e, f)| e.iter().zip(f.iter()));
        pairs.map(|(e, f)| (e - f).abs())
    };
    let check = Check {
        engine: format.engine().to_owned(),
        images: images.pixels.len(),
        of: images.of.to_owned(),
        max_difference: differences().fold(0.0, f64::max),
        mean_difference: differences().sum::<f64>() / differences().count().max(1) as f64,
        same_top1: (expected.iter().zip(&together))
            .filter(|(e, f)| e.argmax() == f.argmax())
            .count(),
        score: score(images, expected, &together, inputs.decisions),
        scored: None,
        novelty,
    };
    let novelty = novelty.and_then(|found| novelty_check::failure(&found, check.images));
    Ok(
        match (
            failure(format, &check, &images.truths.truths, tolerance),
            novelty,
        ) {
            (Some(why), _) => Verification::Failed(why),
            (None, Some(why)) => Verification::NoveltyFailed(why),
            (None, None) => Verification::Passed(Box::new(check)),
        },
    )
}

/// The reason why a file of reduced precision fails, if it does. `truths` are those of the images; none if they have no
/// labels.
fn failure(format: Format, check: &Check, truths: &[Class], tolerance: f64) -> Option<String> {
    if format.precision() == Precision::Single {
        return None;
    }
    let mut problems = Vec::new();
    let differ = check.images - check.same_top1;
    let too_many = differ > 1 && differ as f64 > tolerance / 100.0 * check.images as f64;
    if format.precision() == Precision::Half && too_many {
        problems.push(format!("another top-1 class on {differ} images"));
    }
    problems.extend(losses(check.score, truths, tolerance));
    (!problems.is_empty()).then(|| {
        format!(
            "{}, of {} {}; --tolerance {tolerance} allows less",
            problems.join(" and "),
            check.images,
            check.of,
        )
    })
}

/// The figures that dropped by more than `tolerance` percentage points and by more than one image is worth.
fn losses(score: Option<Score>, truths: &[Class], tolerance: f64) -> Vec<String> {
    let Some(score) = score else {
        return Vec::new();
    };
    let mut support: BTreeMap<Class, usize> = BTreeMap::new();
    for truth in truths {
        *support.entry(*truth).or_default() += 1;
    }
    let is_melanoma = |class: &Class| Some(*class) == class.list().melanoma();
    let melanomas = support.iter().find(|(class, _)| is_melanoma(class));
    let melanomas = melanomas.map_or(1, |(_, images)| *images);
    let classes = support.len().max(1);
    let rarest = support.values().min().copied().unwrap_or(1);
    let of_accuracy = 100.0 / (classes * rarest) as f64;
    let of_recall = 100.0 / melanomas as f64;
    let balanced = score.balanced;
    [
        (
            "balanced accuracy",
            score.balanced_accuracy_change,
            of_accuracy,
        ),
        ("melanoma recall", score.melanoma_recall_change, of_recall),
        (
            "balanced accuracy by the balanced rule",
            balanced.and_then(|score| score.balanced_accuracy_change),
            of_accuracy,
        ),
        (
            "melanoma recall by the balanced rule",
            balanced.and_then(|score| score.melanoma_recall_change),
            of_recall,
        ),
    ]
    .into_iter()
    .filter_map(|(name, change, one)| Some((name, -100.0 * change?, one)))
    .filter(|&(_, points, one)| points > tolerance.max(one) + 1e-9)
    .map(|(name, points, _)| format!("a loss of {points:.2} points of {name}"))
    .collect()
}

fn score(
    images: &Images,
    expected: &[Probabilities],
    found: &[Probabilities],
    decisions: &Decisions,
) -> Option<Score> {
    let (classes, truths) = (images.truths.classes, &images.truths.truths);
    if truths.is_empty() {
        return None;
    }
    let (before, after) = (
        metrics::score(classes, truths, expected),
        metrics::score(classes, truths, found),
    );
    let change = |name: &str| Some(after.get(name)? - before.get(name)?);
    let Metrics {
        accuracy,
        balanced_accuracy,
        ..
    } = after;
    Some(Score {
        accuracy,
        balanced_accuracy,
        melanoma_recall: after.get("melanoma_recall"),
        balanced_accuracy_change: change("balanced_accuracy"),
        melanoma_recall_change: change("melanoma_recall"),
        balanced: decisions.offsets(DecisionRule::Balanced).map(|offsets| {
            let [before, after] = [expected, found].map(|rows| {
                let rows: Vec<_> = rows.iter().map(|row| adjusted(row, offsets)).collect();
                metrics::score(classes, truths, &rows)
            });
            let change = |name: &str| Some(after.get(name)? - before.get(name)?);
            BalancedScore {
                balanced_accuracy: after.balanced_accuracy,
                melanoma_recall: after.get("melanoma_recall"),
                balanced_accuracy_change: change("balanced_accuracy"),
                melanoma_recall_change: change("melanoma_recall"),
            }
        }),
    })
}

fn in_batches(
    classifier: &dyn Classifier,
    images: &[Vec<u8>],
    size: usize,
    progress: &dyn Progress,
) -> Result<Outputs> {
    let mut all = Outputs::none(classifier.novelty().is_some());
    for batch in images.chunks(size) {
        let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        all.extend(classifier.outputs(&batch)?);
        progress.advance(batch.len() as u64);
    }
    Ok(all)
}

/// Compares probabilities and top-1 classes; the error describes the first difference.
fn equal(expected: &[Probabilities], found: &[Probabilities]) -> Result<(), String> {
    if expected.len() != found.len() {
        return Err(format!(
            "{} outputs for {} images",
            found.len(),
            expected.len()
        ));
    }
    for (image, (expected, found)) in expected.iter().zip(found).enumerate() {
        let differences = expected
            .iter()
            .zip(found.iter())
            .map(|(e, f)| (e - f).abs());
        let difference = differences.fold(
            0.0,
            |a: f64, b| {
                if b.is_nan() { f64::INFINITY } else { a.max(b) }
            },
        );
        if difference > TOLERANCE {
            return Err(format!(
                "a probability of image {image} differs by {difference:.1e}; at most {TOLERANCE:.0e} is allowed"
            ));
        }
        if expected.argmax() != found.argmax() {
            return Err(format!("the top-1 class of image {image} differs"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham;

    fn check(same_top1: usize, mel: f64) -> Check {
        Check {
            engine: "rten".to_owned(),
            images: 1000,
            of: "images".to_owned(),
            max_difference: 0.1,
            mean_difference: 0.01,
            same_top1,
            score: Some(Score {
                accuracy: Some(0.8),
                balanced_accuracy: Some(0.7),
                melanoma_recall: Some(0.6),
                balanced_accuracy_change: Some(0.02),
                melanoma_recall_change: Some(mel),
                balanced: None,
            }),
            scored: None,
            novelty: None,
        }
    }

    /// So many melanomas and nevi that one image is worth at most half a point.
    fn truths() -> Vec<Class> {
        [[ham("mel"); 500], [ham("nv"); 500]].concat()
    }

    #[test]
    fn float16_may_change_as_many_top1_classes_as_the_tolerance_says() {
        let fails =
            |same, tolerance| failure(Format::OnnxFp16, &check(same, 0.0), &truths(), tolerance);
        assert_eq!(fails(990, 1.0), None);
        let why = fails(989, 1.0).unwrap();
        assert!(why.contains("11 images, of 1000"), "{why}");
        assert_eq!(fails(989, 2.0), None);
        assert_eq!(fails(999, 0.0), None);
        assert!(fails(998, 0.0).is_some());
    }

    #[test]
    fn float16_may_not_lose_more_melanoma_recall_than_allowed() {
        let why = failure(Format::OnnxFp16, &check(1000, -0.02), &truths(), 1.0).unwrap();
        assert!(why.contains("2.00 points of melanoma recall"), "{why}");
    }

    #[test]
    fn int8_may_not_lose_more_under_the_balanced_rule_than_allowed() {
        let mut check = check(1000, 0.0);
        check.score.as_mut().unwrap().balanced = Some(BalancedScore {
            balanced_accuracy: Some(0.75),
            melanoma_recall: Some(0.7),
            balanced_accuracy_change: Some(-0.03),
            melanoma_recall_change: Some(0.0),
        });
        let why = failure(Format::OnnxInt8, &check, &truths(), 1.0).unwrap();
        assert!(
            why.contains("3.00 points of balanced accuracy by the balanced rule"),
            "{why}"
        );
        assert_eq!(failure(Format::OnnxInt8, &check, &truths(), 3.0), None);
    }

    #[test]
    fn int8_may_not_lose_more_melanoma_recall_than_allowed() {
        let fails =
            |mel, tolerance| failure(Format::OnnxInt8, &check(900, mel), &truths(), tolerance);
        assert_eq!(fails(-0.01, 1.0), None);
        let why = fails(-0.02, 1.0).unwrap();
        assert!(why.contains("2.00 points of melanoma recall"), "{why}");
        assert_eq!(fails(-0.02, 2.5), None);
    }

    #[test]
    fn one_melanoma_may_be_lost_however_few_there_are() {
        let few = [[ham("mel"); 20], [ham("nv"); 20]].concat();
        let fails = |mel| failure(Format::OnnxInt8, &check(900, mel), &few, 1.0);
        assert_eq!(fails(-0.05), None);
        assert!(fails(-0.1).is_some());
    }
}
