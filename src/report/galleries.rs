//! Selection of images for review: missed melanomas, other confident errors, and the least confident predictions.

use super::html::{Case, Gallery};
use super::overlay;
use crate::dataset::Dataset;
use crate::inference::classifier::Classifier;
use crate::metrics::Predictions;
use crate::{Class, Result};

/// The maximum number of images per gallery.
const MAX_IMAGES: usize = 12;

/// The number of classes listed with each image.
const TOP_K: usize = 3;

/// The source of pictures: prepared images and their Grad-CAM maps.
pub struct Pictures<'a> {
    /// The dataset of the images.
    pub dataset: &'a Dataset,
    /// The scored network.
    pub classifier: &'a dyn Classifier,
    /// The dataset row of each prediction.
    pub rows: &'a [usize],
}

/// Selects the galleries. With `pictures`, they include the images.
pub fn galleries(predictions: &Predictions, pictures: Option<&Pictures>) -> Result<Vec<Gallery>> {
    let predicted = |&image: &usize| predictions.probabilities[image].argmax();
    let confidence = |image: &usize| predictions.probabilities[*image][predicted(image).index()];
    let is_wrong = |image: &usize| predicted(image) != predictions.truths[*image];
    let is_missed = |image: &usize| is_wrong(image) && predictions.truths[*image].is_watched();
    let is_melanoma = |class| Some(class) == predictions.classes.melanoma();
    let missed = match predictions.classes.watched().all(is_melanoma) {
        true => "Missed melanomas, most confident first",
        false => "Missed images of watched classes, most confident first",
    };
    let mut by_confidence: Vec<usize> = (0..predictions.truths.len()).collect();
    by_confidence.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    let most_confident = |of: &dyn Fn(&usize) -> bool| -> Vec<usize> {
        let images = by_confidence.iter().copied();
        images.filter(|image| of(image)).take(MAX_IMAGES).collect()
    };
    let least_confident: Vec<usize> = by_confidence
        .iter()
        .rev()
        .take(MAX_IMAGES)
        .copied()
        .collect();
    [
        (missed, most_confident(&is_missed)),
        (
            "Other errors, most confident first",
            most_confident(&|image| is_wrong(image) && !is_missed(image)),
        ),
        ("Least confident predictions", least_confident),
    ]
    .into_iter()
    .map(|(heading, images)| {
        let cases = images
            .into_iter()
            .map(|image| case(predictions, image, pictures));
        Ok(Gallery {
            heading,
            cases: cases.collect::<Result<_>>()?,
        })
    })
    .collect()
}

fn case(predictions: &Predictions, image: usize, pictures: Option<&Pictures>) -> Result<Case> {
    let ranking = predictions.probabilities[image].ranked();
    let likeliest = predictions.probabilities[image].argmax();
    Ok(Case {
        image_id: predictions.image_ids[image].clone(),
        truth: predictions.truths[image],
        top: ranking.into_iter().take(TOP_K).collect(),
        pictures: match pictures {
            Some(pictures) => pictures.of(image, likeliest)?,
            None => Vec::new(),
        },
    })
}

impl Pictures<'_> {
    /// The PNG files of an image, with the Grad-CAM map of its predicted class.
    fn of(&self, image: usize, predicted: Class) -> Result<Vec<Vec<u8>>> {
        let pixels = &self.dataset.pixels.image(self.rows[image])?;
        let side = self.dataset.info.resize.size;
        let map = self.classifier.grad_cam(pixels, predicted)?;
        let overlay = map.and_then(|map| overlay::grad_cam(pixels, side, &map));
        Ok(overlay::photograph(pixels, side)
            .into_iter()
            .chain(overlay)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::probabilities::Probabilities;

    #[test]
    fn confident_errors_come_first_and_melanomas_have_their_own_gallery() {
        let (mel, nv, bcc) = (ham("mel"), ham("nv"), ham("bcc"));
        let mut predictions = Predictions::new(ham10000());
        for (id, truth, nevus) in [
            ("right", nv, 0.9),
            ("missed", mel, 0.8),
            ("missed, confident", mel, 0.95),
            ("wrong", bcc, 0.99),
            ("unconfident", nv, 0.5),
        ] {
            let mut row = Probabilities::zeros(ham10000());
            row[nv.index()] = nevus;
            row[bcc.index()] = 1.0 - nevus;
            predictions.image_ids.push(id.to_owned());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        let found = galleries(&predictions, None).unwrap();
        let ids = |gallery: usize| -> Vec<&str> {
            let cases = found[gallery].cases.iter();
            cases.map(|case| case.image_id.as_str()).collect()
        };
        assert_eq!(ids(0), ["missed, confident", "missed"]);
        // A tie: argmax is the first class, so "unconfident" is wrong too.
        assert_eq!(ids(1), ["wrong", "unconfident"]);
        assert_eq!(ids(2)[..2], ["unconfident", "missed"]);
        assert_eq!(found[0].cases[0].top[0], (nv, 0.95));
    }
}
