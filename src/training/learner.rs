//! What a step of training looks at: kept features (transfer) or augmented images (fine-tuning).

use std::sync::atomic::AtomicBool;

use tch::Tensor;

use super::augment;
use super::config::{Phase, TrainingConfig};
use super::features::{self, Wanted};
use crate::Result;
use crate::classifier::Probabilities;
use crate::dataset::Dataset;
use crate::model::inference::{self, InferenceNetwork};
use crate::model::mobilenet_v2::{MobileNetV2, Thawed};
use crate::model::{fold, input};
use crate::progress::Progress;

/// Images a pass when validating.
const VALIDATION_BATCH: usize = 32;

/// The examples of a run, in the form that its phase trains on. Positions count within `train` and `val`.
pub struct Learner<'a> {
    dataset: &'a Dataset,
    config: &'a TrainingConfig,
    /// Rows of the dataset to train on.
    pub train: Vec<usize>,
    /// Rows of the dataset to validate on.
    pub val: Vec<usize>,
    thawed: Thawed,
    kept: Option<Kept>,
}

struct Kept {
    train_views: Vec<Tensor>,
    val: Tensor,
}

impl<'a> Learner<'a> {
    /// Prepares the examples; in the transfer phase, computes or reads the features.
    pub fn new(
        dataset: &'a Dataset,
        config: &'a TrainingConfig,
        [train, val]: [Vec<usize>; 2],
        model: &MobileNetV2,
        stop: &AtomicBool,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let kept = match config.phase {
            Phase::Finetune => None,
            Phase::Transfer => {
                let of = |rows: &[usize], views: usize| {
                    let wanted = Wanted {
                        rows,
                        views,
                        augment: &config.augment,
                        seed: config.seed,
                        stop,
                    };
                    let keep = config.keep_features.unwrap_or(false);
                    features::compute(model, dataset, &wanted, keep, progress)
                };
                Some(Kept {
                    train_views: of(&train, config.feature_views.unwrap_or(1))?,
                    val: of(&val, 1)?.remove(0),
                })
            }
        };
        Ok(Self {
            dataset,
            config,
            train,
            val,
            thawed: config.thawed(model.network().blocks.len()),
            kept,
        })
    }

    /// Logits (N × 7), with gradients, of training examples in an epoch.
    pub fn training_logits(
        &self,
        model: &MobileNetV2,
        positions: &[usize],
        epoch: usize,
    ) -> Result<Tensor> {
        let features = match &self.kept {
            Some(kept) => {
                let view = (epoch - 1) % kept.train_views.len();
                features::select(&kept.train_views[view], positions)?
            }
            None => {
                let rows: Vec<usize> = positions.iter().map(|&at| self.train[at]).collect();
                let bytes = self.bytes(&rows, model)?;
                let (seed, by) = (self.config.seed, &self.config.augment);
                let unit = augment::augment(&bytes, &rows, seed, epoch, by);
                let images = input::channels_last(&input::normalise(&unit));
                model.features(&images, self.thawed)
            }
        };
        Ok(model.logits(&features, self.config.dropout))
    }

    /// Probabilities of the whole validation part.
    pub fn validate(
        &self,
        model: &MobileNetV2,
        progress: &dyn Progress,
    ) -> Result<Vec<Probabilities>> {
        if let Some(kept) = &self.kept {
            let logits = tch::no_grad(|| model.logits(&kept.val, 0.0));
            return inference::probabilities(&logits);
        }
        let network = InferenceNetwork::new(
            &fold::fold(model.network(), model.tensors())?,
            model.device(),
        )?;
        let mut all = Vec::with_capacity(self.val.len());
        for rows in self.val.chunks(VALIDATION_BATCH) {
            let bytes = self.bytes(rows, model)?;
            let logits =
                tch::no_grad(|| network.forward(&input::normalise(&input::to_unit(&bytes))));
            all.extend(inference::probabilities(&logits)?);
            progress.advance(rows.len() as u64);
        }
        Ok(all)
    }

    /// Images that pass through the base in one epoch: what a progress bar counts.
    pub fn images_per_epoch(&self) -> usize {
        match self.kept {
            Some(_) => self.train.len(),
            None => self.train.len() + self.val.len(),
        }
    }

    fn bytes(&self, rows: &[usize], model: &MobileNetV2) -> Result<Tensor> {
        let images: Vec<&[u8]> = rows
            .iter()
            .map(|&row| self.dataset.pixels.image(row))
            .collect();
        input::bytes_to_tensor(&images, self.dataset.pixels.side(), model.device())
    }
}
