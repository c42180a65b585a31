//! Cached features of the frozen base: computed once, so that an epoch of the head takes milliseconds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tch::{Kind, Tensor};

use crate::dataset::Dataset;
use crate::files::{self, OutputFile};
use crate::model::inference_network::InferenceNetwork;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::state_dict::{self, NamedTensors};
use crate::model::{fuse, input};
use crate::progress::Progress;
use crate::training::augment::{self, Augmenter, Input};
use crate::{Error, Result};

/// Images per batch; small enough for the activations to stay in the CPU's caches.
const BATCH_SIZE: usize = 16;

/// How often the features are saved that are computed so far.
const SAVED_EVERY: Duration = Duration::from_secs(60);

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

/// Features of the requested images: per view, one tensor of rows × features (f32, on the network's device).
///
/// With `cache`, features are read from the dataset folder if an earlier run saved them there, and saved otherwise:
/// every minute those that there are, so that a run that is stopped does not compute them again. A folder that is not
/// writable is not an error, and of two runs at once only one saves. Fails with [`Error::Stopped`] if the caller stops
/// the run.
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
    let width = model.network().head.inputs as i64;
    let mut views = Vec::with_capacity(request.views);
    for view in 0..request.views {
        let file = key
            .as_ref()
            .map(|key| CacheFile::open(&dataset.path.join(key.file_name(view, request)), width));
        views.push(forward(&base, dataset, request, view, file, progress)?);
    }
    Ok(views)
}

/// The features of one view of every requested image.
fn forward(
    base: &InferenceNetwork,
    dataset: &Dataset,
    request: &FeatureRequest,
    view: usize,
    file: Option<CacheFile>,
    progress: &dyn Progress,
) -> Result<Tensor> {
    let count = request.rows.len();
    let known = file.as_ref().and_then(|file| file.read(count, progress));
    let done = known.as_ref().map_or(0, |known| known.size()[0] as usize);
    let mut batches: Vec<Tensor> =
        Vec::from_iter(known.map(|known| known.to_device(base.device())));
    if done == count && count > 0 {
        return Ok(batches.remove(0));
    }
    let save = |batches: &[Tensor]| {
        if let Some(file) = file.as_ref().filter(|_| !batches.is_empty()) {
            file.write(&Tensor::cat(batches, 0));
        }
    };
    let side = dataset.pixels.side();
    let mut saved = Instant::now();
    progress.start("features of the base", count as u64);
    progress.advance(done as u64);
    for rows in request.rows[done..].chunks(BATCH_SIZE) {
        if request.stop.load(Ordering::Relaxed) {
            save(&batches);
            return Err(Error::Stopped);
        }
        if saved.elapsed() > SAVED_EVERY {
            save(&batches);
            saved = Instant::now();
        }
        let pixels = dataset.pixels.images(rows)?;
        let bytes = match view {
            0 => pixels.concat(),
            _ => {
                let inputs = rows.iter().zip(&pixels).map(|(&row, pixels)| Input {
                    row,
                    repeat: 0,
                    pixels,
                });
                request
                    .augmenter
                    .batch(&inputs.collect::<Vec<_>>(), view, side)
            }
        };
        let bytes = input::interleaved_to_tensor(&bytes, side, base.device())?;
        batches.push(tch::no_grad(|| base.features(&input::normalised(&bytes))));
        progress.advance(rows.len() as u64);
    }
    progress.finish();
    save(&batches);
    Ok(Tensor::cat(&batches, 0))
}

/// A file of cached features, locked if this run may write it.
struct CacheFile {
    path: PathBuf,
    /// The number of features of an image.
    width: i64,
    output: Option<OutputFile>,
}

impl CacheFile {
    fn open(path: &Path, width: i64) -> Self {
        Self {
            path: path.to_owned(),
            width,
            output: OutputFile::new(path, true, |_| true).ok(),
        }
    }

    /// The features of the first rows of `count`, if the file exists and is valid. They end with a batch, so that the
    /// others are computed in the same batches as without a stop. Warns of a damaged file, which is then written again.
    fn read(&self, count: usize, progress: &dyn Progress) -> Option<Tensor> {
        if !self.path.exists() {
            return None;
        }
        let tensors = state_dict::read_safetensors_up_to(&self.path, MAX_FILE)
            .inspect_err(|error| {
                progress.warn(&format!(
                    "{}: {}; the features are computed again",
                    self.path.display(),
                    error.problem()
                ));
            })
            .ok();
        let features = tensors?.0.remove(TENSOR)?;
        let &[rows, width] = &features.size()[..] else {
            return None;
        };
        let rows = usize::try_from(rows).ok()?;
        let whole = rows == count || rows < count && rows.is_multiple_of(BATCH_SIZE);
        let fits = width == self.width && features.kind() == Kind::Float;
        (whole && fits).then_some(features)
    }

    /// Errors are ignored: without the cache, the next run computes the features again.
    fn write(&self, features: &Tensor) {
        if self.output.is_some() {
            let named = NamedTensors::from([(TENSOR.into(), features.shallow_clone())]);
            let _ = state_dict::write_safetensors(&self.path, &named, &Default::default());
        }
    }
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
        let mut key = format!(
            "{} {} {:?} augmentation {}",
            hashes.manifest,
            hashes.pixels,
            request.rows,
            augment::VERSION
        );
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
