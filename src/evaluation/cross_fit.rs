//! Cross-fitting: what is fitted for a fold is fitted on the predictions of the other folds, so that no image is scored
//! with a threshold or an exponent that was chosen on it.

use crate::metrics::Predictions;
use crate::metrics::calibration::{at_temperature, fit_temperature};
use crate::metrics::decision_metrics::{DecisionAnalysis, DecisionMetrics};
use crate::metrics::decisions::{DecisionRule, Offsets, decide, fit_tau, offsets};
use crate::metrics::default_decision;
use crate::model::seen::id_hash;

/// The predictions of one fold.
pub struct FoldPredictions {
    /// Of the network that was not trained on the fold.
    pub predictions: Predictions,
    /// The priors of the classes in its training, if known.
    pub class_priors: Option<Offsets>,
}

/// Names a class for each image by the balanced rule, with temperature and τ fitted on the other folds, and returns the
/// τ of each fold. `None`, and no names, for fewer than two folds and for unknown priors.
pub fn name_balanced(folds: &mut [FoldPredictions]) -> Option<Vec<f64>> {
    for fold in folds.iter_mut() {
        fold.predictions.balanced.clear();
    }
    if folds.len() < 2 {
        return None;
    }
    let fitted: Option<Vec<Fitted>> = (0..folds.len())
        .map(|fold| Fitted::on_others(folds, fold))
        .collect();
    let fitted = fitted?;
    for (fold, fitted) in folds.iter_mut().zip(&fitted) {
        let rows = fold.predictions.probabilities.iter();
        let named =
            rows.map(|row| decide(&at_temperature(row, fitted.temperature), &fitted.offsets));
        fold.predictions.balanced = named.collect();
    }
    Some(fitted.iter().map(|fitted| fitted.tau).collect())
}

/// The predictions in two halves of the lesions (or patients), with classes named by the balanced rule of which
/// temperature and τ were fitted on the other half. The images are in another order.
pub fn in_halves(predictions: &Predictions, class_priors: &Offsets) -> Option<Predictions> {
    let clusters = predictions.clusters();
    let (first, second): (Vec<usize>, Vec<usize>) =
        (0..clusters.len()).partition(|&image| is_in_first_half(clusters[image]));
    let mut halves = [first, second].map(|images| FoldPredictions {
        predictions: predictions.select(&images),
        class_priors: Some(class_priors.clone()),
    });
    name_balanced(&mut halves)?;
    Some(Predictions::pooled(
        predictions.classes,
        halves.iter().map(|half| &half.predictions),
    ))
}

/// Divides lesions into two halves by their ids, so that all images of one are in one half.
pub(super) fn is_in_first_half(lesion_id: &str) -> bool {
    id_hash(lesion_id).as_str() < "8"
}

/// What is fitted for one fold.
struct Fitted {
    temperature: f64,
    tau: f64,
    offsets: Offsets,
}

impl Fitted {
    fn on_others(folds: &[FoldPredictions], fold: usize) -> Option<Self> {
        let priors = folds[fold].class_priors.as_ref()?;
        let others = folds.iter().enumerate().filter(|(at, _)| *at != fold);
        let mut others = Predictions::pooled(
            folds[fold].predictions.classes,
            others.map(|(_, of)| &of.predictions),
        );
        let temperature = fit_temperature(&others.truths, &others.probabilities).unwrap_or(1.0);
        others = others.map_probabilities(|row| at_temperature(row, temperature));
        let tau = fit_tau(&others, priors);
        Some(Self {
            temperature,
            tau,
            offsets: offsets(tau, priors),
        })
    }
}

/// The metrics of both rules on pooled predictions, with the τ of each fold from [`name_balanced`].
pub fn decisions(pooled: &Predictions, tau: Option<Vec<f64>>) -> DecisionAnalysis {
    let balanced = DecisionMetrics::balanced(pooled, tau.unwrap_or_default());
    let default = balanced.as_ref().map_or(DecisionRule::Likeliest, |_| {
        default_decision::better(pooled)
    });
    DecisionAnalysis {
        default,
        likeliest: DecisionMetrics::likeliest(pooled),
        balanced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;
    use crate::classes::{ham, ham10000};
    use crate::probabilities::Probabilities;

    const PRIORS: [f64; 7] = [0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02];

    /// Nevi with a melanoma probability of 0.05, and melanomas with the given ones.
    fn fold(melanomas: &[f64]) -> FoldPredictions {
        let mut predictions = Predictions::new(ham10000());
        let mut add = |truth: Class, melanoma: f64| {
            let mut row = Probabilities::zeros(ham10000());
            row[ham("mel").index()] = melanoma;
            row[ham("nv").index()] = 1.0 - melanoma;
            predictions.image_ids.push(String::new());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        };
        (0..20).for_each(|_| add(ham("nv"), 0.05));
        melanomas.iter().for_each(|&p| add(ham("mel"), p));
        FoldPredictions {
            predictions,
            class_priors: Some(PRIORS.to_vec()),
        }
    }

    #[test]
    fn a_fold_does_not_influence_its_own_decisions() {
        // The melanomas of fold 0 need a high τ, those of the others none.
        let mut folds = [fold(&[0.2; 5]), fold(&[0.9; 5]), fold(&[0.9; 5])];
        let tau = name_balanced(&mut folds).unwrap();
        assert_eq!(tau[0], 0.0);
        assert!(tau[1] > 0.0);
        let missed = &folds[0].predictions.balanced[20..];
        assert!(missed.iter().all(|class| *class == ham("nv")));
    }

    #[test]
    fn about_half_of_the_lesions_are_in_each_half() {
        let first = (0..1000)
            .filter(|n| is_in_first_half(&format!("HAM_{n}")))
            .count();
        assert!((450..550).contains(&first), "{first}");
    }

    #[test]
    fn in_halves_every_image_gets_a_class_and_is_kept() {
        let mut all = fold(&[0.2; 10]).predictions;
        all.image_ids = (0..all.truths.len())
            .map(|image| image.to_string())
            .collect();
        let found = in_halves(&all, &PRIORS.to_vec()).unwrap();
        assert!(found.has_balanced());
        let mut ids = found.image_ids;
        ids.sort_by_key(|id| id.parse::<usize>().unwrap());
        assert_eq!(ids, all.image_ids);
    }

    #[test]
    fn one_fold_or_unknown_priors_give_no_balanced_decisions() {
        assert_eq!(name_balanced(&mut [fold(&[0.2; 5])]), None);
        let mut folds = [fold(&[0.2; 5]), fold(&[0.9; 5])];
        folds[1].class_priors = None;
        assert_eq!(name_balanced(&mut folds), None);
        let pooled = Predictions::pooled(ham10000(), folds.iter().map(|fold| &fold.predictions));
        assert!(!pooled.has_balanced());
        assert_eq!(decisions(&pooled, None).balanced, None);
    }
}
