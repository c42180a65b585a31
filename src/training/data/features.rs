//! Cached features of the frozen base: computed once, so that an epoch of the head takes milliseconds.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tch::{Kind, Tensor};

use crate::dataset::Dataset;
use crate::model::inference_network::InferenceNetwork;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::state_dict::{self, NamedTensors};
use crate::model::{fuse, input};
use crate::progress::Progress;
use crate::training::augment::Augmenter;
use crate::{Error, Result, files};

/// Images per batch; small enough for the activations to stay in the CPU's caches.
const BATCH_SIZE: usize = 16;

/// The images whose features are requested.
pub struct FeatureRequest<'a> {
    /// Rows of the dataset.
    pub rows: &'a [usize],
    /// Number of views per image: the first is not augmented, the others are.
    pub views: usize,
    /// The augmentation of the other views.
    pub augmenter: Augmenter<'a>,
    /// Set by the caller to stop.
    pub stop: &'a AtomicBool,
}

/// Features of the requested images: per view, one tensor of rows × 1,280 (f32, on the network's device).
///
/// With `cache`, features are read from the dataset folder if an earlier run saved them there, and saved otherwise.
/// A folder that is not writable is not an error. Fails with [`Error::Stopped`] if the caller stops the run.
pub fn compute(
    model: &MobileNetV2,
    dataset: &Dataset,
    request: &FeatureRequest,
    cache: bool,
    progress: &dyn Progress,
) -> Result<Vec<Tensor>> {
    let fused = fuse::fuse(model.network(), model.tensors())?;
    let base = InferenceNetwork::reduced(&fused, model.device())?;
    let key = if cache {
        Some(CacheKey::new(model, base.kind(), dataset, request)?)
    } else {
        None
    };
    let mut views = Vec::with_capacity(request.views);
    for view in 0..request.views {
        let path = key
            .as_ref()
            .map(|key| dataset.path.join(key.file_name(view, request)));
        let cached = path
            .as_deref()
            .and_then(|path| read(path, request.rows.len(), progress));
        if let Some(features) = cached {
            views.push(features.to_device(model.device()));
            continue;
        }
        let features = forward(&base, dataset, request, view, progress)?;
        if let Some(path) = path {
            let named = NamedTensors::from([(TENSOR.into(), features.shallow_clone())]);
            // Errors are ignored: without the cache, the next run computes the features again.
            let _ = state_dict::write_safetensors(&path, &named, &Default::default());
        }
        views.push(features);
    }
    Ok(views)
}

/// The features of one view of every requested image.
fn forward(
    base: &InferenceNetwork,
    dataset: &Dataset,
    request: &FeatureRequest,
    view: usize,
    progress: &dyn Progress,
) -> Result<Tensor> {
    let side = dataset.pixels.side();
    let mut batches = Vec::new();
    progress.start("features of the base", request.rows.len() as u64);
    for rows in request.rows.chunks(BATCH_SIZE) {
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
        batches.push(tch::no_grad(|| base.features(&input::normalised(&bytes))));
        dataset.pixels.release();
        progress.advance(rows.len() as u64);
    }
    progress.finish();
    Ok(Tensor::cat(&batches, 0))
}

/// Name of the only tensor in a file of cached features.
const TENSOR: &str = "features";

/// Everything that the features depend on, except for the view.
struct CacheKey(String);

impl CacheKey {
    fn new(
        model: &MobileNetV2,
        kind: Kind,
        dataset: &Dataset,
        request: &FeatureRequest,
    ) -> Result<Self> {
        let hashes = &dataset.info.hashes;
        let mut key = format!("{} {} {:?}", hashes.manifest, hashes.pixels, request.rows);
        if kind != Kind::Float {
            key.push_str(&format!(" {kind:?}"));
        }
        for (name, tensor) in model.tensors() {
            if name.starts_with("features.") {
                let values = state_dict::to_floats(tensor)?;
                let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                key.push_str(&files::sha256(&bytes));
            }
        }
        Ok(Self(key))
    }

    /// Name of the file with the features of a view.
    fn file_name(&self, view: usize, request: &FeatureRequest) -> String {
        let mut key = self.0.clone();
        if view > 0 {
            key.push_str(&format!("{view} {:?}", request.augmenter));
        }
        let mut digest = files::sha256(key.as_bytes());
        digest.truncate(16);
        format!("features-{digest}.safetensors")
    }
}

/// The largest file of cached features: 16 GiB, three million images.
const MAX_FILE: u64 = 16 << 30;

/// Cached features, if the file exists and is valid. Warns of a damaged one, which is then written again.
fn read(path: &Path, rows: usize, progress: &dyn Progress) -> Option<Tensor> {
    if !path.exists() {
        return None;
    }
    let tensors = state_dict::read_safetensors_up_to(path, MAX_FILE)
        .inspect_err(|error| {
            progress.warn(&format!(
                "{}: {}; the features are computed again",
                path.display(),
                error.problem()
            ));
        })
        .ok();
    let features = tensors?.0.remove(TENSOR)?;
    (features.size().first() == Some(&(rows as i64))).then_some(features)
}

/// The rows of `features` at the given indices.
pub fn select(features: &Tensor, indices: &[usize]) -> Result<Tensor> {
    let indices: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
    let indices = Tensor::from_slice(&indices)
        .to_kind(Kind::Int64)
        .to_device(features.device());
    features
        .f_index_select(0, &indices)
        .map_err(Error::torch("selecting a batch of features"))
}
