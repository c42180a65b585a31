//! Runs each exported file in its own inference engine and compares it with the checkpoint.

use std::path::PathBuf;

use super::images::Images;
use super::inputs::ExportInputs;
use super::score_change::score;
use super::{novelty_check, tolerance};
use crate::artifact::check::Check;
use crate::artifact::format::{Format, Precision};
use crate::inference::classifier::{Classifier, Outputs};
use crate::probabilities::Probabilities;
use crate::progress::Progress;
use crate::{Error, Result};

/// The largest allowed probability difference of a float32 file, due to another order of additions.
pub const TOLERANCE: f64 = 1e-4;

/// The batch size.
const BATCH: usize = 32;

/// The number of images that are also run at batch size 1.
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
/// float32: probabilities within [`TOLERANCE`] and the same top-1 class on all images, or an error. float16 and int8,
/// on labelled images: balanced accuracy and melanoma recall, of both decision rules, drop by at most `allowed`
/// percentage points, or by one image where that is more. float16, on all images: another top-1 class on at most
/// `allowed` percent of them, or on one image. Novelty scores: of float32 within [`novelty_check::TOLERANCE`]; of
/// others on the same side of the threshold, except on at most [`novelty_check::CHANGES`] percent of the images or on
/// one.
pub fn check(
    format: Format,
    classifier: &dyn Classifier,
    inputs: &ExportInputs,
    allowed: f64,
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
            tolerance::failure(format, &check, &images.truths.truths, allowed),
            novelty,
        ) {
            (Some(why), _) => Verification::Failed(why),
            (None, Some(why)) => Verification::NoveltyFailed(why),
            (None, None) => Verification::Passed(Box::new(check)),
        },
    )
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
