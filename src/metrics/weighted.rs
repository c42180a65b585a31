//! The figures of [`super::score`] for images that count several times or not at all, at a fraction of its cost: what
//! does not change from draw to draw is found once.

use super::Metrics;
use super::confusion::{Confusion, mean};
use super::ranking::{likeliest, log_loss, top_k_accuracy};
use crate::Diagnosis;
use crate::probabilities::Probabilities;

/// Predictions, made ready to be scored many times.
pub struct WeightedMetrics {
    images: Vec<Image>,
    /// Per class, the images in groups of equal probability, the highest first.
    ranked: Vec<Vec<Vec<u32>>>,
}

/// What the figures need to know of an image.
struct Image {
    truth: Diagnosis,
    guess: Diagnosis,
    in_top2: bool,
    in_top3: bool,
    loss: f64,
}

/// Figures in the order of [`WeightedMetrics::names`].
pub type Figures = Vec<Option<f64>>;

impl WeightedMetrics {
    /// Takes predictions: `probabilities[i]` are those of the image whose diagnosis is `truths[i]`.
    pub fn new(truths: &[Diagnosis], probabilities: &[Probabilities]) -> Self {
        let image = |(&truth, row): (&Diagnosis, &Probabilities)| {
            let alone = (&[truth], &[*row]);
            let is_in = |k| top_k_accuracy(alone.0, alone.1, k) == Some(1.0);
            Image {
                truth,
                guess: likeliest(row),
                in_top2: is_in(2),
                in_top3: is_in(3),
                loss: log_loss(alone.0, alone.1).unwrap_or(0.0),
            }
        };
        Self {
            images: truths.iter().zip(probabilities).map(image).collect(),
            ranked: (Diagnosis::ALL.iter())
                .map(|class| ranked(probabilities, class.index()))
                .collect(),
        }
    }

    /// The figures' names: those of [`Metrics::NAMES`], then each class's AUC and average precision.
    pub fn names() -> Vec<String> {
        let of_all = Metrics::NAMES.iter().map(|name| (*name).to_owned());
        let of_classes = ["auc", "average_precision"]
            .into_iter()
            .flat_map(|figure| Diagnosis::ALL.map(|class| format!("per_class.{class}.{figure}")));
        of_all.chain(of_classes).collect()
    }

    /// The figures when image `i` counts `times[i]` times.
    pub fn score(&self, times: &[u32]) -> Figures {
        let mut confusion = Confusion::default();
        let (mut top2, mut top3, mut loss) = (0, 0, 0.0);
        for (image, &times) in self.images.iter().zip(times) {
            confusion.counts[image.truth.index()][image.guess.index()] += times as usize;
            top2 += if image.in_top2 { times } else { 0 };
            top3 += if image.in_top3 { times } else { 0 };
            loss += image.loss * f64::from(times);
        }
        let total = confusion.total();
        let share = |part: f64| (total > 0).then(|| part / total as f64);
        let curves: Vec<Areas> = (Diagnosis::ALL.into_iter())
            .map(|class| self.areas(class, &confusion, times))
            .collect();
        let of_all = |figure: fn(&Areas) -> Option<f64>| {
            let figures: Option<Vec<f64>> = curves.iter().map(figure).collect();
            figures.and_then(|figures| mean(figures.into_iter()))
        };
        let melanomas = confusion.support(Diagnosis::Mel);
        let named = |name: &str| match name {
            "accuracy" => confusion.accuracy(),
            "top2_accuracy" => share(f64::from(top2)),
            "top3_accuracy" => share(f64::from(top3)),
            "balanced_accuracy" => confusion.balanced_accuracy(),
            "macro_f1" => confusion.macro_f1(),
            "weighted_f1" => confusion.weighted_f1(),
            "macro_auc" => of_all(|areas| areas.auc),
            "macro_average_precision" => of_all(|areas| areas.average_precision),
            "log_loss" => share(loss),
            "melanoma_recall" => (melanomas > 0).then(|| confusion.recall(Diagnosis::Mel)),
            "melanoma_specificity" => {
                (melanomas < total).then(|| confusion.specificity(Diagnosis::Mel))
            }
            _ => None,
        };
        let of_classes = curves.iter().map(|areas| areas.auc);
        let of_classes = of_classes.chain(curves.iter().map(|areas| areas.average_precision));
        (Metrics::NAMES.iter().map(|name| named(name)))
            .chain(of_classes)
            .collect()
    }

    /// One walk down the ranked images of a class.
    fn areas(&self, class: Diagnosis, confusion: &Confusion, times: &[u32]) -> Areas {
        let positives = confusion.support(class) as u64;
        let negatives = confusion.total() as u64 - positives;
        let (mut found, mut in_vain) = (0_u64, 0_u64);
        let (mut won_twice, mut precision) = (0_u64, 0.0);
        for equal in &self.ranked[class.index()] {
            let (mut with, mut without) = (0_u64, 0_u64);
            for &image in equal {
                let image = image as usize;
                let count = u64::from(times[image]);
                if self.images[image].truth == class {
                    with += count;
                } else {
                    without += count;
                }
            }
            found += with;
            in_vain += without;
            won_twice += with * (2 * (negatives - in_vain) + without);
            if with > 0 {
                precision += with as f64 * found as f64 / (found + in_vain) as f64;
            }
        }
        let pairs = positives * negatives;
        Areas {
            auc: (pairs > 0).then(|| won_twice as f64 / (2 * pairs) as f64),
            average_precision: (positives > 0).then(|| precision / positives as f64),
        }
    }
}

/// What comes from the ranking of one class.
struct Areas {
    auc: Option<f64>,
    average_precision: Option<f64>,
}

fn ranked(probabilities: &[Probabilities], class: usize) -> Vec<Vec<u32>> {
    let mut images: Vec<u32> = (0..probabilities.len() as u32).collect();
    let score = |image: u32| probabilities[image as usize][class];
    images.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
    images
        .chunk_by(|&a, &b| score(a) == score(b))
        .map(<[u32]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::score;

    /// Truths with probabilities and how often each counts; scores are quarters, so that ties are common.
    fn weighted() -> impl Strategy<Value = Vec<(usize, Probabilities, u32)>> {
        let row = prop::array::uniform7(0_u8..5).prop_map(|parts| {
            let sum: f64 = parts.iter().map(|&part| f64::from(part) + 0.5).sum();
            parts.map(|part| (f64::from(part) + 0.5) / sum)
        });
        prop::collection::vec((0..Diagnosis::COUNT, row, 0_u32..4), 1..40)
    }

    proptest! {
        #[test]
        fn an_image_that_counts_twice_is_like_two_images(images in weighted()) {
            let (mut truths, mut rows, mut times) = (Vec::new(), Vec::new(), Vec::new());
            let (mut repeated_truths, mut repeated_rows) = (Vec::new(), Vec::new());
            for (truth, row, count) in images {
                let truth = Diagnosis::ALL[truth];
                truths.push(truth);
                rows.push(row);
                times.push(count);
                for _ in 0..count {
                    repeated_truths.push(truth);
                    repeated_rows.push(row);
                }
            }
            let found = WeightedMetrics::new(&truths, &rows).score(&times);
            let expected = score(&repeated_truths, &repeated_rows);
            for (name, found) in WeightedMetrics::names().iter().zip(found) {
                let expected = match name.strip_prefix("per_class.").and_then(|rest| rest.split_once('.')) {
                    Some((class, "auc")) => expected.per_class[&class.parse().unwrap()].auc,
                    Some((class, _)) => expected.per_class[&class.parse().unwrap()].average_precision,
                    None => expected.named(name),
                };
                let agree = match (found, expected) {
                    (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
                    (found, expected) => found == expected,
                };
                prop_assert!(agree, "{}: {:?} is not {:?}", name, found, expected);
            }
        }
    }
}
