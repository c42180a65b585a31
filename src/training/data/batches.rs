//! Batches of training data: cached features in the transfer phase, augmented images in fine-tuning.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use tch::Tensor;

use super::features::{self, FeatureRequest};
use crate::dataset::Dataset;
use crate::dataset::sources::Source;
use crate::model::inference_network::InferenceNetwork;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::state_dict::NamedTensors;
use crate::model::{fuse, input, output};
use crate::probabilities::Probabilities;
use crate::progress::Progress;
use crate::training::augment::{Augmenter, Input};
use crate::training::config::{Phase, TrainingConfig};
use crate::training::distillation::Teacher;
use crate::training::loss::{Target, one_hot};
use crate::training::{mixup, progressive_resizing};
use crate::{Class, Error, Result};

/// Images per batch in validation.
const VALIDATION_BATCH: usize = 32;

/// The training and validation data of a run. An example's index is its position in `train` or `val`.
pub struct TrainingData<'a> {
    dataset: &'a Dataset,
    config: &'a TrainingConfig,
    /// Rows of the dataset that are trained on.
    pub train: Vec<usize>,
    /// Rows of the dataset that are validated on.
    pub val: Vec<usize>,
    cached: Option<CachedFeatures>,
    teacher: Option<Teacher>,
    /// The classes that each source labels, if those that it never labels are left out of the loss.
    labelled: Option<BTreeMap<&'a str, Vec<bool>>>,
}

/// One batch of training examples.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Indices of the training examples.
    pub indices: &'a [usize],
    /// How often each example was drawn before in the epoch.
    pub repeats: &'a [usize],
    /// Classes of the examples.
    pub labels: &'a [Class],
    /// The epoch, from 1.
    pub epoch: usize,
    /// Seed of the random choices for the whole batch (mixup).
    pub seed: u64,
}

struct CachedFeatures {
    train_views: Vec<Tensor>,
    /// `None` without images to validate on.
    val: Option<Tensor>,
}

impl<'a> TrainingData<'a> {
    /// The data of a run. In the transfer phase, computes the features or reads them from the cache.
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
                let compute = |rows: &[usize], views: usize| {
                    let request = FeatureRequest {
                        rows,
                        views,
                        augmenter: augmenter(dataset, config),
                        stop,
                    };
                    let cache = config.cache_features.unwrap_or(false);
                    features::compute(model, dataset, &request, cache, progress)
                };
                Some(CachedFeatures {
                    train_views: compute(&train, config.feature_views.unwrap_or(1))?,
                    val: match val.is_empty() {
                        true => None,
                        false => compute(&val, 1)?.pop(),
                    },
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
            labelled: (config.mask_unlabelled)
                .then(|| labelled(dataset))
                .transpose()?,
        })
    }

    /// Adds the teacher for distillation.
    pub fn with_teacher(self, teacher: Option<Teacher>) -> Self {
        Self { teacher, ..self }
    }

    /// The forward pass of a batch: logits (N × classes) with gradients, and the targets of the loss.
    pub fn forward(&self, model: &MobileNetV2, batch: &Batch) -> Result<(Tensor, Target)> {
        let labels = one_hot(self.dataset.info.classes, batch.labels, model.device());
        let classes = self.classes(batch, model);
        if let Some(cached) = &self.cached {
            let view = (batch.epoch - 1) % cached.train_views.len();
            let features = features::select(&cached.train_views[view], batch.indices)?;
            let logits = model.logits(&features, self.config.dropout);
            let target = Target {
                labels,
                teacher: None,
                classes,
            };
            return Ok((logits, target));
        }
        let images = self.augmented(batch, model)?;
        let (images, weight) = mixup::mix(self.config, batch.seed, images);
        let teacher = self.teacher.as_ref().map(|teacher| {
            let rows = batch.indices.iter().map(|&index| self.train[index]);
            // An image that was mixed is answered as the one that is the larger part of it.
            let rows: Vec<usize> = match weight < 0.5 {
                true => rows.rev().collect(),
                false => rows.collect(),
            };
            teacher.probabilities(&images, &rows, self.config.teacher_temperature)
        });
        let blocks = model.network().blocks.len();
        let features = model.features(&images, self.config.first_trainable_block(blocks));
        let logits = model.logits(&features, self.config.dropout);
        let target = Target {
            labels: mixup::mix_labels(labels, weight),
            teacher,
            // Two images that are mixed are about the classes of either.
            classes: classes.map(|classes| match weight < 1.0 {
                true => classes.logical_or(&classes.flip([0])),
                false => classes,
            }),
        };
        Ok((logits, target))
    }

    /// The classes that the source of each image labels (N × classes), if others are left out of the loss.
    fn classes(&self, batch: &Batch, model: &MobileNetV2) -> Option<Tensor> {
        let labelled = self.labelled.as_ref()?;
        let of_image = |&index: &usize| {
            let source = self.dataset.rows[self.train[index]].sample.source.as_str();
            let all = || vec![true; self.dataset.info.classes.len()];
            labelled.get(source).cloned().unwrap_or_else(all)
        };
        let flags: Vec<bool> = batch.indices.iter().flat_map(of_image).collect();
        let shape = [batch.indices.len() as i64, -1];
        Some(
            Tensor::from_slice(&flags)
                .view(shape)
                .to_device(model.device()),
        )
    }

    /// The augmented, normalised images of a batch.
    fn augmented(&self, batch: &Batch, model: &MobileNetV2) -> Result<Tensor> {
        let pixels = &self.dataset.pixels;
        let size = progressive_resizing::size(self.config, batch.epoch, pixels.side());
        let rows: Vec<usize> = (batch.indices.iter())
            .map(|&index| self.train[index])
            .collect();
        let images = pixels.images(&rows)?;
        let images: Vec<Input> = (rows.into_iter().zip(batch.repeats).zip(&images))
            .map(|((row, &repeat), pixels)| Input {
                row,
                repeat,
                pixels,
            })
            .collect();
        let bytes = augmenter(self.dataset, self.config).batch(&images, batch.epoch, size);
        let bytes = input::interleaved_to_tensor(&bytes, size, model.device())?;
        Ok(input::normalised(&bytes))
    }

    /// Predicted probabilities on the val split, of a network like `model` with the given weights.
    pub fn validate(
        &self,
        model: &MobileNetV2,
        tensors: &NamedTensors,
        progress: &dyn Progress,
    ) -> Result<Vec<Probabilities>> {
        let fused = fuse::fuse(model.network(), tensors)?;
        let network = InferenceNetwork::reduced(&fused, model.device())?;
        if let Some(cached) = &self.cached {
            let logits = cached.val.as_ref().map(|val| network.head(val));
            return logits.map_or(Ok(Vec::new()), |logits| {
                output::probabilities(self.dataset.info.classes, &logits)
            });
        }
        let mut probabilities = Vec::with_capacity(self.val.len());
        for rows in self.val.chunks(VALIDATION_BATCH) {
            let bytes = self.bytes(rows, model)?;
            let logits = tch::no_grad(|| network.forward(&input::normalised(&bytes)));
            probabilities.extend(output::probabilities(self.dataset.info.classes, &logits)?);
            progress.advance(rows.len() as u64);
        }
        Ok(probabilities)
    }

    /// A batch of unaugmented images as u8.
    fn bytes(&self, rows: &[usize], model: &MobileNetV2) -> Result<Tensor> {
        let images = self.dataset.pixels.images(rows)?;
        let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        input::bytes_to_tensor(&images, self.dataset.pixels.side(), model.device())
    }
}

/// The classes that each source labels, by name.
fn labelled(dataset: &Dataset) -> Result<BTreeMap<&str, Vec<bool>>> {
    let sources = &dataset.info.sources;
    if sources.is_empty() {
        return Err(Error::file(
            &dataset.path,
            "mask_unlabelled is set, but the dataset names no sources",
            "Prepare it again, with a column `dataset` in the metadata or with `skinlesion prepare --source`; or leave \
             mask_unlabelled out.",
        ));
    }
    let of_source = |source: &'_ Source| {
        let labels = |class: Class| !source.unlabelled.iter().any(|code| code == class.code());
        dataset.info.classes.map(labels)
    };
    Ok((sources.iter())
        .map(|source| (source.name.as_str(), of_source(source)))
        .collect())
}

/// The configured augmentation for a dataset.
pub fn augmenter<'a>(dataset: &Dataset, config: &'a TrainingConfig) -> Augmenter<'a> {
    Augmenter {
        by: &config.augment,
        seed: config.seed,
        side: dataset.pixels.side(),
        aspect: dataset.info.aspect,
    }
}
