//! Which images a person should look at: those that the network got wrong while sure of itself, the melanomas that it
//! missed, and what it was least sure of.

use super::html::{Case, Gallery};
use super::overlay;
use crate::dataset::Dataset;
use crate::inference::classifier::Classifier;
use crate::metrics::Predictions;
use crate::metrics::ranking::argmax;
use crate::probabilities::ranked;
use crate::{Diagnosis, Result};

/// How many images each gallery shows at most.
const MOST: usize = 12;

/// How many answers are listed with each.
const ANSWERS: usize = 3;

/// The pictures of the image of a row of a dataset, with where the network looked for its answer.
pub struct Pictures<'a> {
    /// Where the images are.
    pub dataset: &'a Dataset,
    /// The network.
    pub classifier: &'a dyn Classifier,
    /// The dataset's row of each prediction.
    pub rows: &'a [usize],
}

/// The galleries, with pictures if there are any to be had.
pub fn galleries(predictions: &Predictions, pictures: Option<&Pictures>) -> Result<Vec<Gallery>> {
    let guess = |&image: &usize| argmax(&predictions.probabilities[image]);
    let certainty = |image: &usize| predictions.probabilities[*image][guess(image).index()];
    let is_wrong = |image: &usize| guess(image) != predictions.truths[*image];
    let is_missed = |image: &usize| is_wrong(image) && predictions.truths[*image] == Diagnosis::Mel;
    let mut by_certainty: Vec<usize> = (0..predictions.truths.len()).collect();
    by_certainty.sort_by(|a, b| certainty(b).total_cmp(&certainty(a)));
    let surest = |of: &dyn Fn(&usize) -> bool| -> Vec<usize> {
        let images = by_certainty.iter().copied();
        images.filter(|image| of(image)).take(MOST).collect()
    };
    let least: Vec<usize> = by_certainty.iter().rev().take(MOST).copied().collect();
    [
        (
            "Melanomas that it missed, the surest first",
            surest(&is_missed),
        ),
        (
            "Other errors, the surest first",
            surest(&|image| is_wrong(image) && !is_missed(image)),
        ),
        ("The least certain answers", least),
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
    let answers = ranked(&predictions.probabilities[image]);
    Ok(Case {
        image_id: predictions.image_ids[image].clone(),
        truth: predictions.truths[image],
        answers: answers.into_iter().take(ANSWERS).collect(),
        pictures: match pictures {
            Some(pictures) => pictures.of(image, answers[0].0)?,
            None => Vec::new(),
        },
    })
}

impl Pictures<'_> {
    fn of(&self, image: usize, answer: Diagnosis) -> Result<Vec<Vec<u8>>> {
        let pixels = self.dataset.pixels.image(self.rows[image]);
        let side = self.dataset.info.resize.size;
        let map = self.classifier.grad_cam(pixels, answer)?;
        let looked = map.and_then(|map| overlay::grad_cam(pixels, side, &map));
        Ok(overlay::photograph(pixels, side)
            .into_iter()
            .chain(looked)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_errors_come_first_and_melanomas_have_their_own_place() {
        let (mel, nv, bcc) = (Diagnosis::Mel, Diagnosis::Nv, Diagnosis::Bcc);
        let mut predictions = Predictions::default();
        for (id, truth, nevus) in [
            ("right", nv, 0.9),
            ("missed", mel, 0.8),
            ("missed, surely", mel, 0.95),
            ("wrong", bcc, 0.99),
            ("unsure", nv, 0.5),
        ] {
            let mut row = [0.0; Diagnosis::COUNT];
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
        assert_eq!(ids(0), ["missed, surely", "missed"]);
        // Equal halves: the first class is the answer, so "unsure" is wrong too.
        assert_eq!(ids(1), ["wrong", "unsure"]);
        assert_eq!(ids(2)[..2], ["unsure", "missed"]);
        assert_eq!(found[0].cases[0].answers[0], (nv, 0.95));
    }
}
