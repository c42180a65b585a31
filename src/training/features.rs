//! Features of the frozen base, computed once and kept: an epoch of the head then costs milliseconds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tch::{Kind, Tensor};

use super::augment;
use super::config::Augment;
use crate::dataset::Dataset;
use crate::model::inference::InferenceNetwork;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::tensors::{self, NamedTensors};
use crate::model::{fold, input};
use crate::progress::Progress;
use crate::{Error, Result, files};

/// Images a pass of the base; small enough for activations to stay near the cores.
const BATCH: usize = 16;

/// What features are wanted.
pub struct Wanted<'a> {
    /// The rows of the dataset whose images are passed through the base.
    pub rows: &'a [usize],
    /// How many versions of each: the first plain, the others augmented.
    pub views: usize,
    /// What the augmented versions undergo.
    pub augment: &'a Augment,
    /// The seed of the augmentation.
    pub seed: u64,
    /// Set from outside to give up.
    pub stop: &'a AtomicBool,
}

/// Features of the wanted images: one tensor of rows × 1,280 (f32, on the network's device) a view.
///
/// With `keep`, they are read from the dataset folder if an earlier run left them there, and left there
/// for the next. A folder that cannot be written to is no error. When told to stop, [`Error::Stopped`].
pub fn compute(
    model: &MobileNetV2,
    dataset: &Dataset,
    wanted: &Wanted,
    keep: bool,
    progress: &dyn Progress,
) -> Result<Vec<Tensor>> {
    let place = keep.then(|| place(model, dataset, wanted)).transpose()?;
    if let Some(found) = place.as_deref().and_then(|path| read(path, wanted)) {
        return Ok(found
            .into_iter()
            .map(|view| view.to_device(model.device()))
            .collect());
    }
    let folded = fold::fold(model.network(), model.tensors())?;
    let base = InferenceNetwork::new(&folded, model.device())?;
    let side = dataset.pixels.side();
    progress.start(
        "features of the base",
        (wanted.rows.len() * wanted.views) as u64,
    );
    let mut views = Vec::with_capacity(wanted.views);
    for view in 0..wanted.views {
        let mut parts = Vec::new();
        for rows in wanted.rows.chunks(BATCH) {
            if wanted.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let images: Vec<&[u8]> = rows.iter().map(|&row| dataset.pixels.image(row)).collect();
            let bytes = input::bytes_to_tensor(&images, side, model.device())?;
            parts.push(tch::no_grad(|| {
                let unit = match view {
                    0 => input::to_unit(&bytes),
                    _ => augment::augment(&bytes, rows, wanted.seed, view, wanted.augment),
                };
                base.features(&input::channels_last(&input::normalise(&unit)))
            }));
            progress.advance(rows.len() as u64);
        }
        views.push(Tensor::cat(&parts, 0));
    }
    progress.finish();
    if let Some(path) = place {
        // Only a convenience for the next run: one that cannot be kept is computed again.
        let _ = tensors::write_safetensors(&path, &named(&views), &Default::default());
    }
    Ok(views)
}

/// The file for these features: its name depends on all that they depend on.
fn place(model: &MobileNetV2, dataset: &Dataset, wanted: &Wanted) -> Result<PathBuf> {
    let mut key = format!("{} {:?}", dataset.info.hashes.manifest, wanted.rows);
    key.push_str(&dataset.info.hashes.pixels);
    if wanted.views > 1 {
        key.push_str(&format!(
            "{} {:?} {}",
            wanted.views, wanted.augment, wanted.seed
        ));
    }
    for (name, tensor) in model.tensors() {
        if name.starts_with("features.") {
            let values = tensors::to_floats(tensor)?;
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            key.push_str(&files::sha256(&bytes));
        }
    }
    let mut digest = files::sha256(key.as_bytes());
    digest.truncate(16);
    Ok(dataset.path.join(format!("features-{digest}.safetensors")))
}

fn name_of(view: usize) -> String {
    format!("view.{view:04}")
}

fn named(views: &[Tensor]) -> NamedTensors {
    let numbered = views.iter().enumerate();
    numbered
        .map(|(view, tensor)| (name_of(view), tensor.shallow_clone()))
        .collect()
}

/// The kept features, if the file is there and sound.
fn read(path: &Path, wanted: &Wanted) -> Option<Vec<Tensor>> {
    let (mut found, _) = tensors::read_safetensors(path).ok()?;
    (0..wanted.views)
        .map(|view| found.remove(&name_of(view)))
        .collect::<Option<Vec<_>>>()
        .filter(|views| {
            views
                .iter()
                .all(|view| view.size()[0] == wanted.rows.len() as i64)
        })
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
