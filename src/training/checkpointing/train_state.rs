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
use crate::training::history;
use crate::training::lr_schedule::Plateau;
use crate::training::optim::optimizer::Optimizer;
use crate::{ClassList, Error, Result, integrity};

const METADATA_KEY: &str = "progress";
/// SHA-256 of the rows of `history.csv` up to the state ([`history::digest`]).
const HISTORY_KEY: &str = "history";
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
    /// The last epoch when a run that had ended was given more epochs, from which patience counts anew; 0 before.
    #[serde(default)]
    pub extended_after: usize,
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
            extended_after: 0,
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
    let flat: Vec<f64> = state
        .probabilities
        .iter()
        .flat_map(|row| row.iter())
        .copied()
        .collect();
    let shape = [state.probabilities.len() as i64, -1];
    if !flat.is_empty() {
        tensors.insert(
            PROBABILITIES_KEY.into(),
            Tensor::from_slice(&flat).view(shape),
        );
    }
    let text = serde_json::to_string(state)
        .map_err(|error| Error::io("write", &path)(std::io::Error::other(error)))?;
    let mut metadata = Metadata::from([(METADATA_KEY.into(), text)]);
    if let Some(digest) = history::digest(folder, state.epoch - 1)? {
        metadata.insert(HISTORY_KEY.into(), digest);
    }
    last.write_with(&path, tensors, metadata)
}

/// Restores the saved state of a run into its network, optimizer and average.
pub fn restore(
    classes: ClassList,
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
    if state.epoch == 0 {
        return Err(broken("the train state has no epoch".into()));
    }
    if let Some(name) = state_dict::not_finite(&tensors) {
        return Err(broken(format!(
            "{name} has values that are NaN or infinite"
        )));
    }
    refuse_other_history(folder, state.epoch - 1, metadata.get(HISTORY_KEY))?;
    optimizer
        .restore(&tensors)
        .and_then(|()| ema.map_or(Ok(()), |ema| ema.restore(&tensors)))
        .map_err(|name| broken(format!("{name} is missing or of another shape")))?;
    model.restore(&tensors);
    if let Some(probabilities) = tensors
        .get(PROBABILITIES_KEY)
        .filter(|t| t.kind() == Kind::Double)
    {
        state.probabilities = output::rows(classes, probabilities)?;
    }
    Ok(state)
}

/// Refuses a `history.csv` whose first `epochs` rows are not those of the saved state. The file may be missing.
fn refuse_other_history(folder: &Path, epochs: usize, digest: Option<&String>) -> Result<()> {
    let path = folder.join(history::FILE);
    let remedy =
        "Restore the file from a copy, or remove it: the resumed run then begins a new one.";
    match (history::digest(folder, epochs)?, digest) {
        (Some(found), Some(saved)) if found != *saved => {
            Err(integrity::changed(&path, LAST_FILE, remedy))
        }
        // Of an older version.
        (Some(_), None) if history::read(folder, epochs)?.len() < epochs => Err(Error::file(
            &path,
            format!("it has fewer rows than the {epochs} epochs of the run"),
            remedy,
        )),
        _ => Ok(()),
    }
}

/// Refuses the `history.csv` of a run whose rows are not those that its last checkpoint stands for.
pub fn refuse_changed_history(folder: &Path) -> Result<()> {
    let path = folder.join(LAST_FILE);
    let metadata = state_dict::read_safetensors(&path)?.1;
    let state: Option<TrainState> = metadata
        .get(METADATA_KEY)
        .and_then(|text| serde_json::from_str(text).ok());
    let epochs = state.map_or(0, |state| state.epoch.saturating_sub(1));
    refuse_other_history(folder, epochs, metadata.get(HISTORY_KEY))
}

impl TrainState {
    /// Goes on with a run that was given more epochs. If it had ended, early stopping counts its patience anew.
    pub fn extend(&mut self) {
        if self.finished {
            self.finished = false;
            self.extended_after = self.epoch - 1;
            self.epochs_without_improvement = 0;
        }
    }

    /// Refuses a state that a run of this many epochs and of this many steps an epoch cannot be in, in which it would
    /// train for ever.
    pub fn refuse_impossible(&self, folder: &Path, epochs: usize, steps: usize) -> Result<()> {
        let last = if self.finished { epochs + 1 } else { epochs };
        let is_possible = (1..=last).contains(&self.epoch)
            && self.step <= steps
            && self.seconds >= 0.0
            && self.seconds.is_finite();
        if is_possible {
            return Ok(());
        }
        Err(Error::file(
            &folder.join(LAST_FILE),
            format!(
                "the run is said to be at step {} of epoch {}, but has {epochs} epochs of {steps} steps",
                self.step, self.epoch
            ),
            "The run cannot be resumed: start again with --force.",
        ))
    }
}
