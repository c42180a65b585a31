//! `last.safetensors`: the state from which a stopped run resumes exactly.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::LAST_FILE;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::output;
use crate::model::state_dict::{self, Metadata};
use crate::probabilities::Probabilities;
use crate::training::ema::ModelEma;
use crate::training::lr_schedule::Plateau;
use crate::training::optim::optimizer::Optimizer;
use crate::{Error, Result};

const METADATA_KEY: &str = "progress";
const PROBABILITIES_KEY: &str = "resume.probabilities";

/// Progress of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainState {
    /// The current epoch, from 1.
    pub epoch: usize,
    /// The next step of this epoch, from 0.
    pub step: usize,
    /// Seconds spent on this epoch so far.
    pub seconds: f64,
    /// The best epoch so far and the value of its monitored metric.
    pub best: Option<(usize, f64)>,
    /// Epochs from the best one to the last that was validated.
    #[serde(alias = "stalled")]
    pub epochs_without_improvement: usize,
    /// State of the plateau schedule.
    pub plateau: Plateau,
    /// Whether the run is finished.
    pub finished: bool,
    /// Predicted probabilities of the training examples of this epoch so far, in their order.
    #[serde(skip)]
    pub probabilities: Vec<Probabilities>,
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
            probabilities: Vec::new(),
        }
    }
}

/// Saves the state of a run to its folder.
pub fn save(
    folder: &Path,
    last: &Checkpoint,
    optimizer: &Optimizer,
    ema: Option<&ModelEma>,
    state: &TrainState,
) -> Result<()> {
    let path = folder.join(LAST_FILE);
    let mut tensors = optimizer.state();
    if let Some(ema) = ema {
        tensors.extend(ema.state());
    }
    let flat: Vec<f64> = state.probabilities.iter().flatten().copied().collect();
    let shape = [state.probabilities.len() as i64, -1];
    if !flat.is_empty() {
        tensors.insert(
            PROBABILITIES_KEY.into(),
            Tensor::from_slice(&flat).view(shape),
        );
    }
    let text = serde_json::to_string(state)
        .map_err(|error| Error::io("write", &path)(std::io::Error::other(error)))?;
    last.write_with(
        &path,
        tensors,
        Metadata::from([(METADATA_KEY.into(), text)]),
    )
}

/// Restores the saved state of a run into its network, optimizer and average.
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
            "The run cannot be resumed: start again with --force.",
        )
    };
    let text = metadata
        .get(METADATA_KEY)
        .ok_or_else(|| broken("the train state is missing".into()))?;
    let mut state: TrainState = serde_json::from_str(text)
        .map_err(|error| broken(format!("the train state is not readable ({error})")))?;
    optimizer
        .restore(&tensors)
        .and_then(|()| ema.map_or(Ok(()), |ema| ema.restore(&tensors)))
        .map_err(|name| broken(format!("{name} is missing or of another shape")))?;
    model.restore(&tensors);
    if let Some(probabilities) = tensors
        .get(PROBABILITIES_KEY)
        .filter(|t| t.kind() == Kind::Double)
    {
        state.probabilities = output::rows(probabilities)?;
    }
    Ok(state)
}
