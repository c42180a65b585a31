//! Features of the frozen base, computed once and kept: an epoch of the head then costs milliseconds.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tch::{Kind, Tensor};

use crate::dataset::Dataset;
use crate::model::inference_network::InferenceNetwork;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::state_dict;
use crate::model::state_dict::NamedTensors;
use crate::model::{fuse, input};
use crate::progress::Progress;
use crate::training::augment::Augmenter;
use crate::{Error, Result, files};

/// Images a pass of the base; small enough for activations to stay near the cores.
const BATCH: usize = 16;

/// What features are request.
pub struct FeatureRequest<'a> {
    /// The rows of the dataset whose images are passed through the base.
    pub rows: &'a [usize],
    /// How many versions of each: the first plain, the others augmented.
    pub views: usize,
    /// What makes the augmented versions.
    pub augmenter: Augmenter<'a>,
    /// Set from outside to give up.
    pub stop: &'a AtomicBool,
}

/// Features of the request images: one tensor of rows × 1,280 (f32, on the network's device) a view.
///
/// With `keep`, they are read from the dataset folder if an earlier run left them there, and left there
/// for the next. A folder that cannot be written to is no error. When told to stop, [`Error::Stopped`].
pub fn compute(
    model: &MobileNetV2,
    dataset: &Dataset,
    request: &FeatureRequest,
    keep: bool,
    progress: &dyn Progress,
) -> Result<Vec<Tensor>> {
    let fused = fuse::fuse(model.network(), model.tensors())?;
    let base = InferenceNetwork::new(&fused, model.device())?;
    let name = if keep {
        Some(name_of(model, dataset, request)?)
    } else {
        None
    };
    let mut views = Vec::with_capacity(request.views);
    for view in 0..request.views {
        let place = name
            .as_ref()
            .map(|name| dataset.path.join(name.of_view(view, request)));
        let kept = place
            .as_deref()
            .and_then(|path| read(path, request.rows.len()));
        if let Some(features) = kept {
            views.push(features.to_device(model.device()));
            continue;
        }
        let features = pass(&base, dataset, request, view, progress)?;
        if let Some(path) = place {
            let named = NamedTensors::from([(TENSOR.into(), features.shallow_clone())]);
            // Only a convenience for the next run: what cannot be kept is computed again.
            let _ = state_dict::write_safetensors(&path, &named, &Default::default());
        }
        views.push(features);
    }
    Ok(views)
}

/// Passes one version of every request image through the base.
fn pass(
    base: &InferenceNetwork,
    dataset: &Dataset,
    request: &FeatureRequest,
    view: usize,
    progress: &dyn Progress,
) -> Result<Tensor> {
    let side = dataset.pixels.side();
    let mut parts = Vec::new();
    progress.start("features of the base", request.rows.len() as u64);
    for rows in request.rows.chunks(BATCH) {
        if request.stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let images: Vec<(usize, &[u8])> = (rows.iter())
            .map(|&row| (row, dataset.pixels.image(row)))
            .collect();
        let bytes = match view {
            0 => images
                .iter()
                .flat_map(|(_, image)| *image)
                .copied()
                .collect(),
            _ => request.augmenter.batch(&images, view, side),
        };
        let bytes = input::interleaved_to_tensor(&bytes, side, base.device())?;
        parts.push(tch::no_grad(|| base.features(&input::normalised(&bytes))));
        dataset.pixels.release();
        progress.advance(rows.len() as u64);
    }
    progress.finish();
    Ok(Tensor::cat(&parts, 0))
}

/// The one tensor in a file of kept features.
const TENSOR: &str = "features";

/// A digest of all that the features depend on, but for the view.
struct Name(String);

fn name_of(model: &MobileNetV2, dataset: &Dataset, request: &FeatureRequest) -> Result<Name> {
    let hashes = &dataset.info.hashes;
    let mut key = format!("{} {} {:?}", hashes.manifest, hashes.pixels, request.rows);
    for (name, tensor) in model.tensors() {
        if name.starts_with("features.") {
            let values = state_dict::to_floats(tensor)?;
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            key.push_str(&files::sha256(&bytes));
        }
    }
    Ok(Name(key))
}

impl Name {
    fn of_view(&self, view: usize, request: &FeatureRequest) -> String {
        let mut key = self.0.clone();
        if view > 0 {
            key.push_str(&format!("{view} {:?}", request.augmenter));
        }
        let mut digest = files::sha256(key.as_bytes());
        digest.truncate(16);
        format!("features-{digest}.safetensors")
    }
}

/// Kept features, if the file is there and sound.
fn read(path: &Path, rows: usize) -> Option<Tensor> {
    let (mut found, _) = state_dict::read_safetensors(path).ok()?;
    let features = found.remove(TENSOR)?;
    (features.size().first() == Some(&(rows as i64))).then_some(features)
}

/// Rows of a tensor by number, for a batch.
pub fn select(features: &Tensor, positions: &[usize]) -> Result<Tensor> {
    let numbers: Vec<i64> = positions.iter().map(|&position| position as i64).collect();
    let index = Tensor::from_slice(&numbers)
        .to_kind(Kind::Int64)
        .to_device(features.device());
    features
        .f_index_select(0, &index)
        .map_err(Error::torch("taking a batch of features"))
}
