//! `last.safetensors`: all that a stopped run needs to go on as if it had never stopped.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::LAST_FILE;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::output;
use crate::model::state_dict;
use crate::model::state_dict::Metadata;
use crate::probabilities::Probabilities;
use crate::training::ema::ModelEma;
use crate::training::lr_schedule::Plateau;
use crate::training::optim::optimizer::Optimizer;
use crate::{Error, Result};

const METADATA_KEY: &str = "progress";
const PROBABILITIES: &str = "resume.probabilities";

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainState {
    /// The running epoch, from 1.
    pub epoch: usize,
    /// The next step in it, from 0.
    pub step: usize,
    /// Seconds already spent on it.
    pub seconds: f64,
    /// The best epoch so far and its figure.
    pub best: Option<(usize, f64)>,
    /// Epochs since then.
    #[serde(alias = "stalled")]
    pub epochs_without_improvement: usize,
    /// State of the plateau schedule.
    pub plateau: Plateau,
    /// Whether the run has come to its end.
    pub finished: bool,
    /// Probabilities of the training examples that the running epoch has seen, in its order.
    #[serde(skip)]
    pub seen: Vec<Probabilities>,
}

impl Default for TrainState {
    fn default() -> Self {
        Self {
            epoch: 1,
            step: 0,
            seconds: 0.0,
            best: None,
            epochs_without_improvement: 0,
            plateau: Plateau::default(),
            finished: false,
            seen: Vec::new(),
        }
    }
}

/// Saves a run in its folder.
pub fn save(
    folder: &Path,
    last: &Checkpoint,
    optimizer: &Optimizer,
    ema: Option<&ModelEma>,
    state: &TrainState,
) -> Result<()> {
    let path = folder.join(LAST_FILE);
    let mut more = optimizer.state();
    if let Some(ema) = ema {
        more.extend(ema.state());
    }
    let flat: Vec<f64> = state.seen.iter().flatten().copied().collect();
    let shape = [state.seen.len() as i64, -1];
    if !flat.is_empty() {
        more.insert(PROBABILITIES.into(), Tensor::from_slice(&flat).view(shape));
    }
    let text = serde_json::to_string(state)
        .map_err(|error| Error::io("write", &path)(std::io::Error::other(error)))?;
    last.write_with(&path, more, Metadata::from([(METADATA_KEY.into(), text)]))
}

/// Puts a saved run back into its network, its optimizer and its ema.
pub fn restore(
    folder: &Path,
    model: &mut MobileNetV2,
    optimizer: &mut Optimizer,
    ema: Option<&mut ModelEma>,
) -> Result<TrainState> {
    let path = folder.join(LAST_FILE);
    let (tensors, metadata) = state_dict::read_safetensors(&path)?;
    let broken = |problem: String| {
        Error::file(
            &path,
            problem,
            "Training cannot go on from it: start again with --force.",
        )
    };
    let text = metadata
        .get(METADATA_KEY)
        .ok_or_else(|| broken("it does not say how far training had come".into()))?;
    let mut state: TrainState = serde_json::from_str(text)
        .map_err(|error| broken(format!("its progress does not read ({error})")))?;
    optimizer
        .restore(&tensors)
        .and_then(|()| ema.map_or(Ok(()), |ema| ema.restore(&tensors)))
        .map_err(|name| broken(format!("{name} is missing or of another shape")))?;
    model.restore(&tensors);
    if let Some(seen) = tensors
        .get(PROBABILITIES)
        .filter(|t| t.kind() == Kind::Double)
    {
        state.seen = output::rows(seen)?;
    }
    Ok(state)
}
