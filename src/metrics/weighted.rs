//! Weighted metrics for the bootstrap: those of [`super::score`] where image `i` counts `weights[i]` times.
//!
//! Everything that does not depend on the weights, such as the ranking of the images, is computed once. A draw then
//! costs a fraction of [`super::score`].

use super::binary::is_specific;
use super::confusion::{Confusion, mean};
use super::melanoma::{MelanomaAndNevus, SPECIFICITY};
use super::ranking::{RocAuc, log_loss, top_k_accuracy};
use super::{Metrics, RECALL};
use crate::probabilities::Probabilities;
use crate::{Class, ClassList};

/// Predictions prepared for scoring with many sets of weights.
pub struct WeightedMetrics {
    classes: ClassList,
    overall: Vec<String>,
    images: Vec<Image>,
    /// Per class, the images in groups of equal probability, highest first.
    ranked: Vec<Vec<Vec<u32>>>,
    /// The melanomas and nevi in groups of equal score of the two, highest first.
    ranked_against_nevus: Vec<Vec<u32>>,
}

/// The terms of one image in the metrics.
struct Image {
    truth: Class,
    prediction: Class,
    in_top2: bool,
    in_top3: bool,
    loss: f64,
}

/// Values in the order of [`WeightedMetrics::names`].
pub type Values = Vec<Option<f64>>;

impl WeightedMetrics {
    /// `probabilities[i]` are those of the image whose diagnosis is `truths[i]`.
    pub fn new(classes: ClassList, truths: &[Class], probabilities: &[Probabilities]) -> Self {
        let image = |(&truth, row): (&Class, &Probabilities)| {
            let (truths, rows) = (&[truth], std::slice::from_ref(row));
            let is_in = |k| top_k_accuracy(truths, rows, k) == Some(1.0);
            Image {
                truth,
                prediction: row.argmax(),
                in_top2: is_in(2),
                in_top3: is_in(3),
                loss: log_loss(truths, rows).unwrap_or(0.0),
            }
        };
        Self {
            classes,
            overall: Metrics::names(classes),
            images: truths.iter().zip(probabilities).map(image).collect(),
            ranked: (classes.iter())
                .map(|class| ranked(probabilities, |_| true, |row| row[class.index()]))
                .collect(),
            ranked_against_nevus: MelanomaAndNevus::of(classes).map_or_else(Vec::new, |pair| {
                let is_of_pair = |image: usize| pair.is_melanoma(truths[image]).is_some();
                ranked(probabilities, is_of_pair, |row| pair.score(row))
            }),
        }
    }

    /// The names of the metrics: [`Metrics::names`], then the AUC and average precision of each class.
    pub fn names(&self) -> Vec<String> {
        let classes = self.classes;
        let per_class = ["auc", "average_precision"]
            .into_iter()
            .flat_map(|metric| classes.map(|class| format!("per_class.{class}.{metric}")));
        self.overall.iter().cloned().chain(per_class).collect()
    }

    /// The metrics where image `i` counts `weights[i]` times.
    pub fn score(&self, weights: &[u32]) -> Values {
        let mut confusion = Confusion::new(self.classes);
        let (mut top2, mut top3, mut loss) = (0, 0, 0.0);
        for (image, &weight) in self.images.iter().zip(weights) {
            confusion.counts[image.truth.index()][image.prediction.index()] += weight as usize;
            top2 += if image.in_top2 { weight } else { 0 };
            top3 += if image.in_top3 { weight } else { 0 };
            loss += image.loss * f64::from(weight);
        }
        let total = confusion.total();
        let per_image = |sum: f64| (total > 0).then(|| sum / total as f64);
        let per_class: Vec<RankingMetrics> = (self.classes.iter())
            .map(|class| self.ranking_metrics(class, weights))
            .collect();
        let macro_average = |metric: fn(&RankingMetrics) -> Option<f64>| {
            let values: Option<Vec<f64>> = per_class.iter().map(metric).collect();
            values.and_then(|values| mean(values.into_iter()))
        };
        let melanoma = self.classes.melanoma();
        let melanomas = melanoma.map_or(0, |class| confusion.support(class));
        let recall = |class| (confusion.support(class) > 0).then(|| confusion.recall(class));
        let value = |name: &str| match name {
            "accuracy" => confusion.accuracy(),
            "top2_accuracy" => per_image(f64::from(top2)),
            "top3_accuracy" => per_image(f64::from(top3)),
            "balanced_accuracy" => confusion.balanced_accuracy(),
            "macro_f1" => confusion.macro_f1(),
            "weighted_f1" => confusion.weighted_f1(),
            "macro_auc" => macro_average(|class| class.auc),
            "macro_average_precision" => macro_average(|class| class.average_precision),
            "log_loss" => per_image(loss),
            "melanoma_recall" => recall(melanoma?),
            "melanoma_specificity" => {
                (melanomas < total).then_some(confusion.specificity(melanoma?))
            }
            "melanoma_sensitivity_at_90_specificity" => {
                let of_rest = total - melanomas;
                self.sensitivity(melanoma?, SPECIFICITY, [melanomas, of_rest], weights)
            }
            "melanoma_nevus_auc" => self.melanoma_nevus_auc(melanoma?, weights),
            _ => recall(self.classes.by_code(name.strip_prefix(RECALL)?)?),
        };
        let aucs = per_class.iter().map(|class| class.auc);
        let average_precisions = per_class.iter().map(|class| class.average_precision);
        (self.overall.iter().map(|name| value(name)))
            .chain(aucs)
            .chain(average_precisions)
            .collect()
    }

    /// The highest sensitivity for a class at the given specificity, as
    /// [`super::binary::Binary::sensitivity_at_specificity`].
    fn sensitivity(
        &self,
        class: Class,
        specificity: f64,
        [positives, negatives]: [usize; 2],
        weights: &[u32],
    ) -> Option<f64> {
        let (mut found, mut true_positives, mut false_positives) = (0_u64, 0_u64, 0_u64);
        for ties in &self.ranked[class.index()] {
            let [with, without] = self.weights_by_truth(ties, class, weights);
            true_positives += with;
            false_positives += without;
            if !is_specific(false_positives as f64, negatives as f64, specificity) {
                break;
            }
            found = true_positives;
        }
        (positives > 0 && negatives > 0).then(|| found as f64 / positives as f64)
    }

    /// AUC of melanoma against nevus, as [`super::melanoma::against_nevus`].
    fn melanoma_nevus_auc(&self, melanoma: Class, weights: &[u32]) -> Option<f64> {
        let mut auc = RocAuc::default();
        for ties in &self.ranked_against_nevus {
            let [melanomas, nevi] = self.weights_by_truth(ties, melanoma, weights);
            auc.add(melanomas, nevi);
        }
        auc.value()
    }

    /// The sums of the weights of images with and without a diagnosis.
    fn weights_by_truth(&self, images: &[u32], class: Class, weights: &[u32]) -> [u64; 2] {
        let mut sums = [0, 0];
        for &image in images {
            let image = image as usize;
            sums[usize::from(self.images[image].truth != class)] += u64::from(weights[image]);
        }
        sums
    }

    /// AUC and average precision of a class in one pass over its ranking.
    ///
    /// The average precision sums TP added × precision and divides by the positives once, which is cheaper than the
    /// Σ (Rₙ − Rₙ₋₁) Pₙ of [`super::binary::Binary::average_precision`]. Both agree up to rounding.
    fn ranking_metrics(&self, class: Class, weights: &[u32]) -> RankingMetrics {
        let mut auc = RocAuc::default();
        let mut precision_sum = 0.0;
        for ties in &self.ranked[class.index()] {
            let [positives, negatives] = self.weights_by_truth(ties, class, weights);
            auc.add(positives, negatives);
            if positives > 0 {
                precision_sum += positives as f64 * auc.positives() as f64 / auc.total() as f64;
            }
        }
        let positives = auc.positives();
        RankingMetrics {
            auc: auc.value(),
            average_precision: (positives > 0).then(|| precision_sum / positives as f64),
        }
    }
}

/// The metrics that follow from the ranking of one class.
struct RankingMetrics {
    auc: Option<f64>,
    average_precision: Option<f64>,
}

/// The images for which `is_ranked` holds, in groups of equal score, highest first.
fn ranked(
    probabilities: &[Probabilities],
    is_ranked: impl Fn(usize) -> bool,
    score: impl Fn(&Probabilities) -> f64,
) -> Vec<Vec<u32>> {
    let score = |image: u32| score(&probabilities[image as usize]);
    let images = 0..probabilities.len() as u32;
    let mut images: Vec<u32> = images.filter(|&image| is_ranked(image as usize)).collect();
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
    use crate::classes::ham10000;
    use crate::metrics::score;

    /// Truths, probabilities and weights; probabilities take few values, so that ties are common.
    fn weighted_images() -> impl Strategy<Value = Vec<(usize, Probabilities, u32)>> {
        let row = prop::array::uniform7(0_u8..5).prop_map(|parts| {
            let sum: f64 = parts.iter().map(|&part| f64::from(part) + 0.5).sum();
            Probabilities::new(ham10000(), parts.map(|part| (f64::from(part) + 0.5) / sum))
        });
        prop::collection::vec((0..7_usize, row, 0_u32..4), 1..40)
    }

    proptest! {
        #[test]
        fn a_weight_of_two_equals_a_repeated_image(images in weighted_images()) {
            let (mut truths, mut rows, mut weights) = (Vec::new(), Vec::new(), Vec::new());
            let (mut repeated_truths, mut repeated_rows) = (Vec::new(), Vec::new());
            for (truth, row, weight) in images {
                let truth = ham10000().get(truth).unwrap();
                truths.push(truth);
                weights.push(weight);
                for _ in 0..weight {
                    repeated_truths.push(truth);
                    repeated_rows.push(row.clone());
                }
                rows.push(row);
            }
            let metrics = WeightedMetrics::new(ham10000(), &truths, &rows);
            let found = metrics.score(&weights);
            let expected = score(ham10000(), &repeated_truths, &repeated_rows);
            for (name, found) in metrics.names().iter().zip(found) {
                let expected = match name.strip_prefix("per_class.").and_then(|rest| rest.split_once('.')) {
                    Some((class, "auc")) => expected.per_class[class].auc,
                    Some((class, _)) => expected.per_class[class].average_precision,
                    None => expected.get(name),
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
