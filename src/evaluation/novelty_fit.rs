//! Fits the novelty score of a checkpoint: statistics on images that the network was trained on, and the threshold on
//! others ([`crate::model::novelty`]).

use tch::{Device, Tensor};

use super::cross_fit::is_in_first_half;
use super::scoring::as_trained;
use crate::dataset::part::Part;
use crate::dataset::spaced::evenly_spaced;
use crate::dataset::{Dataset, Split};
use crate::model::checkpoint::Checkpoint;
use crate::model::inference_network::InferenceNetwork;
use crate::model::novelty::Novelty;
use crate::model::novelty_rule::NoveltyRule;
use crate::model::{input, output};
use crate::progress::Progress;
use crate::{Error, Result};

/// The largest number of images whose features the statistics are of.
const MOST_IMAGES: usize = 3000;

/// Fits statistics on at most 3,000 training images, and the threshold on the validation images. A network that was
/// trained on all folds has none: then the statistics are of half of the training lesions, and the threshold is of the
/// images of the other half. A checkpoint without enough images gets no score.
pub fn fit(
    checkpoint: &mut Checkpoint,
    dataset: Dataset,
    batch: usize,
    device: Device,
    progress: &dyn Progress,
) -> Result<()> {
    let dataset = as_trained(dataset, Some(&checkpoint.metadata))?;
    dataset.refuse_other_resize(checkpoint.metadata.resize, "the network")?;
    (checkpoint.novelty, checkpoint.metadata.novelty) = (None, None);
    let mut network = checkpoint.fused()?;
    let training = dataset.split_rows(Split::Train);
    let (fitted_on, (chosen_on, part)) = match dataset.split_rows(Split::Val) {
        rows if rows.is_empty() => {
            let (fitted_on, others) = training
                .into_iter()
                .partition(|&row| is_in_first_half(&dataset.rows[row].sample.lesion_id));
            (fitted_on, (others, Part::Train))
        }
        rows => (training, (rows, Part::Val)),
    };
    let run = Run {
        dataset: &dataset,
        batch,
        device,
        progress,
    };
    let plain = InferenceNetwork::new(&network, device)?;
    let features = run.features(&plain, &evenly_spaced(&fitted_on, MOST_IMAGES))?;
    network.novelty = match &features {
        Some(features) => Novelty::fit(features)?,
        None => None,
    };
    let scoring = InferenceNetwork::new(&network, device)?;
    let features = run.features(&plain, &evenly_spaced(&chosen_on, MOST_IMAGES))?;
    let scores = features.and_then(|features| scoring.novelty(&features.to_device(device)));
    let scores = scores.as_ref().map(output::scores).transpose()?;
    checkpoint.metadata.novelty = scores.and_then(|scores| NoveltyRule::new(scores, part));
    checkpoint.novelty = network
        .novelty
        .filter(|_| checkpoint.metadata.novelty.is_some());
    Ok(())
}

struct Run<'a> {
    dataset: &'a Dataset,
    batch: usize,
    device: Device,
    progress: &'a dyn Progress,
}

impl Run<'_> {
    /// The features of images (N × features, f32 on the CPU); `None` without images.
    fn features(&self, network: &InferenceNetwork, rows: &[usize]) -> Result<Option<Tensor>> {
        let side = self.dataset.info.resize.size as usize;
        let mut batches = Vec::new();
        self.progress
            .start("Features for the novelty score", rows.len() as u64);
        for rows in rows.chunks(self.batch.max(1)) {
            let images = self.dataset.pixels.images(rows)?;
            let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
            let bytes = input::bytes_to_tensor(&images, side, self.device)?;
            let features = tch::no_grad(|| network.features(&input::normalised(&bytes)));
            batches.push(features.to_device(Device::Cpu));
            self.progress.advance(rows.len() as u64);
        }
        self.progress.finish();
        let all = (!batches.is_empty()).then(|| Tensor::f_cat(&batches, 0));
        all.transpose().map_err(Error::torch("joining features"))
    }
}
