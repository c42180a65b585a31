//! What a step of training looks at: cached features (transfer) or augmented images (fine-tuning).

use std::sync::atomic::AtomicBool;

use tch::Tensor;

use super::features;
use super::features::FeatureRequest;
use crate::dataset::Dataset;
use crate::model::inference_network::InferenceNetwork;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::state_dict::NamedTensors;
use crate::model::{fuse, input, output};
use crate::probabilities::Probabilities;
use crate::progress::Progress;
use crate::training::augment::Augmenter;
use crate::training::config::{Phase, TrainingConfig};
use crate::training::distillation::Teacher;
use crate::training::loss::{Target, one_hot};
use crate::training::{lr_schedule, mixup};
use crate::{Diagnosis, Result};

/// Images a pass when validating.
const VALIDATION_BATCH: usize = 32;

/// The examples of a run, in the form that its phase trains on. Positions count within `train` and `val`.
pub struct TrainingData<'a> {
    dataset: &'a Dataset,
    config: &'a TrainingConfig,
    /// Rows of the dataset to train on.
    pub train: Vec<usize>,
    /// Rows of the dataset to validate on.
    pub val: Vec<usize>,
    cached: Option<CachedFeatures>,
    teacher: Option<Teacher>,
}

/// One step of training.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Which of the training examples are in the batch.
    pub positions: &'a [usize],
    /// Their classes.
    pub truths: &'a [Diagnosis],
    /// The epoch, from 1.
    pub epoch: usize,
    /// The seed of what is drawn for the batch as a whole.
    pub seed: u64,
}

struct CachedFeatures {
    train_views: Vec<Tensor>,
    val: Tensor,
}

impl<'a> TrainingData<'a> {
    /// Prepares the examples; in the transfer phase, computes or reads the features.
    pub fn new(
        dataset: &'a Dataset,
        config: &'a TrainingConfig,
        [train, val]: [Vec<usize>; 2],
        model: &MobileNetV2,
        stop: &AtomicBool,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let cached = match config.phase {
            Phase::Finetune => None,
            Phase::Transfer => {
                let of = |rows: &[usize], views: usize| {
                    let request = FeatureRequest {
                        rows,
                        views,
                        augmenter: augmenter(dataset, config),
                        stop,
                    };
                    let keep = config.cache_features.unwrap_or(false);
                    features::compute(model, dataset, &request, keep, progress)
                };
                Some(CachedFeatures {
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
            cached,
            teacher: None,
        })
    }

    /// Adds a teacher to hold the answers against.
    pub fn with_teacher(self, teacher: Option<Teacher>) -> Self {
        Self { teacher, ..self }
    }

    /// Logits (N × 7), with gradients, of a step's examples, and what they are held against.
    pub fn step(&self, model: &MobileNetV2, step: &Step) -> Result<(Tensor, Target)> {
        let labels = one_hot(step.truths, model.device());
        if let Some(cached) = &self.cached {
            let view = (step.epoch - 1) % cached.train_views.len();
            let features = features::select(&cached.train_views[view], step.positions)?;
            let logits = model.logits(&features, self.config.dropout);
            let target = Target {
                labels,
                teacher: None,
            };
            return Ok((logits, target));
        }
        let images = self.augmented(step, model)?;
        let (images, labels) = mixup::mix(self.config, step.seed, images, labels);
        let temperature = self.config.teacher_temperature;
        let teacher =
            (self.teacher.as_ref()).map(|teacher| teacher.probabilities(&images, temperature));
        let blocks = model.network().blocks.len();
        let features = model.features(&images, self.config.trainable(blocks, step.epoch));
        let logits = model.logits(&features, self.config.dropout);
        Ok((logits, Target { labels, teacher }))
    }

    /// A step's images, changed at random and normalised.
    fn augmented(&self, step: &Step, model: &MobileNetV2) -> Result<Tensor> {
        let pixels = &self.dataset.pixels;
        let size = lr_schedule::size(self.config, step.epoch, pixels.side());
        let images: Vec<(usize, &[u8])> = (step.positions.iter())
            .map(|&at| (self.train[at], pixels.image(self.train[at])))
            .collect();
        let bytes = augmenter(self.dataset, self.config).batch(&images, step.epoch, size);
        let bytes = input::interleaved_to_tensor(&bytes, size, model.device())?;
        Ok(input::normalised(&bytes))
    }

    /// Probabilities of the whole validation part, of a network like `model` with the given weights.
    pub fn validate(
        &self,
        model: &MobileNetV2,
        tensors: &NamedTensors,
        progress: &dyn Progress,
    ) -> Result<Vec<Probabilities>> {
        let fused = fuse::fuse(model.network(), tensors)?;
        let network = InferenceNetwork::new(&fused, model.device())?;
        if let Some(cached) = &self.cached {
            return output::probabilities(&network.head(&cached.val));
        }
        let mut all = Vec::with_capacity(self.val.len());
        for rows in self.val.chunks(VALIDATION_BATCH) {
            let bytes = self.bytes(rows, model)?;
            let logits = tch::no_grad(|| network.forward(&input::normalised(&bytes)));
            all.extend(output::probabilities(&logits)?);
            progress.advance(rows.len() as u64);
            self.dataset.pixels.release(); // or all of them would lie beside what training keeps
        }
        Ok(all)
    }

    fn bytes(&self, rows: &[usize], model: &MobileNetV2) -> Result<Tensor> {
        let images: Vec<&[u8]> = rows
            .iter()
            .map(|&row| self.dataset.pixels.image(row))
            .collect();
        input::bytes_to_tensor(&images, self.dataset.pixels.side(), model.device())
    }
}

/// What changes the images of a dataset in a run.
pub fn augmenter<'a>(dataset: &Dataset, config: &'a TrainingConfig) -> Augmenter<'a> {
    Augmenter {
        by: &config.augment,
        seed: config.seed,
        side: dataset.pixels.side(),
        aspect: dataset.info.aspect,
    }
}
