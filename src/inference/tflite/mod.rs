//! TFLite files, run by an interpreter for the operators that [`crate::export::tflite`] writes.
//!
//! Weights and quantization parameters are read from the file; the arithmetic runs in libtorch. The tests compare the
//! results with LiteRT, a C++ runtime of the format.

mod decode;
mod ops;
mod program;
mod reader;
mod step;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;

use tch::{Device, Kind, Tensor};

use self::program::Program;
use super::classifier::{self, Classifier, Outputs};
use crate::artifact::description::{Abstention, Threshold};
use crate::artifact::input_spec::InputSpec;
use crate::artifact::interface::NOVELTY;
use crate::artifact::package;
use crate::artifact::tflite::schema::{DESCRIPTION_ENTRY, TensorType};
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::model::{input, output};
use crate::{ClassList, Error, Result, reading};

/// A TFLite file that `skinlesion export` wrote.
pub struct TfliteClassifier {
    program: Program,
    spec: InputSpec,
    metadata: Option<CheckpointMetadata>,
    /// The path, for messages.
    name: String,
}

impl TfliteClassifier {
    /// Opens a file; the input specification is read from its metadata.
    pub fn open(path: &Path) -> Result<Self> {
        package::refuse_changed(path)?;
        let bytes = reading::read(path, reading::MAX_NETWORK)?;
        let refuse = |problem: String| refused(path, problem);
        let file = self::decode::decode(&bytes).map_err(refuse)?;
        let description = description_in(&file.entries)
            .ok_or_else(|| refuse("its metadata has no input specification".to_owned()))?;
        let spec = InputSpec::read(path, |key| {
            description.get(key).map(|value| value.to_string())
        })?;
        let program = Program::new(&file.graph).map_err(refuse)?;
        if spec.novelty.is_some() && !program.has_novelty() {
            return Err(refuse(format!(
                "it has no output '{NOVELTY}', of which its metadata tells"
            )));
        }
        if program.side != spec.resize.size as usize {
            let (side, size) = (program.side, spec.resize.size);
            return Err(refuse(format!(
                "its input has {side} × {side} pixels, but its metadata says {size} × {size}"
            )));
        }
        let classifier = Self {
            program,
            metadata: package::metadata(path, &spec.checkpoint)?,
            spec,
            name: path.display().to_string(),
        };
        classifier.check_shapes().map_err(refuse)?;
        Ok(classifier)
    }

    /// Runs a black image, so that a file with inconsistent shapes is refused on opening.
    fn check_shapes(&self) -> Result<(), String> {
        let side = self.program.side as i64;
        let black = Tensor::f_zeros([1, 3, side, side], (Kind::Uint8, Device::Cpu));
        let output = black.and_then(|black| self.run(&black));
        let shapes = output.map(|(probabilities, novelty)| {
            (probabilities.size(), novelty.map(|scores| scores.size()))
        });
        match shapes {
            Ok((_, Some(shape))) if shape != [1, 1] => Err(format!(
                "its novelty score of one image has shape {shape:?}"
            )),
            Ok((shape, _)) if shape == [1, self.spec.classes.len() as i64] => Ok(()),
            Ok((shape, _)) => Err(format!("its output for one image has shape {shape:?}")),
            Err(error) => {
                let text = error.to_string();
                let line = text.lines().next().unwrap_or_default();
                Err(format!(
                    "the shapes of its layers are inconsistent ({line})"
                ))
            }
        }
    }

    /// Maps bytes (N × 3 × side × side) to probabilities (N × classes) and novelty scores (N × 1), if it has them.
    fn run(&self, bytes: &Tensor) -> Result<(Tensor, Option<Tensor>), tch::TchError> {
        let images = match self.program.input_type {
            TensorType::Uint8 => bytes.shallow_clone(),
            _ => input::to_unit(bytes),
        };
        tch::no_grad(|| self.program.run(images))
    }
}

fn refused(path: &Path, problem: String) -> Error {
    Error::file(
        path,
        problem,
        "Use a file that `skinlesion export` wrote, or export it again.",
    )
}

/// The description within a TFLite file.
pub fn description(path: &Path) -> Result<serde_json::Value> {
    let bytes = reading::read(path, reading::MAX_NETWORK)?;
    let file = self::decode::decode(&bytes).map_err(|problem| refused(path, problem))?;
    description_in(&file.entries)
        .ok_or_else(|| refused(path, "its metadata has no input specification".to_owned()))
}

/// The description among the metadata entries of a file.
fn description_in(entries: &[(String, Vec<u8>)]) -> Option<serde_json::Value> {
    let (_, json) = entries.iter().find(|(name, _)| name == DESCRIPTION_ENTRY)?;
    serde_json::from_slice(json).ok()
}

impl Classifier for TfliteClassifier {
    fn classes(&self) -> ClassList {
        self.spec.classes
    }

    fn resize(&self) -> ResizeRule {
        self.spec.resize
    }

    fn metadata(&self) -> Option<&CheckpointMetadata> {
        self.metadata.as_ref()
    }

    fn decisions(&self) -> &Decisions {
        &self.spec.decisions
    }

    fn thresholds(&self) -> &[Threshold] {
        &self.spec.thresholds
    }

    fn abstention(&self) -> Option<Abstention> {
        self.spec.abstention
    }

    fn novelty(&self) -> Option<NoveltyRule> {
        self.spec.novelty
    }

    fn outputs(&self, images: &[&[u8]]) -> Result<Outputs> {
        let bytes = input::bytes_to_tensor(images, self.program.side, Device::Cpu)?;
        let (probabilities, novelty) = self
            .run(&bytes)
            .map_err(Error::torch(format!("running {}", self.name)))?;
        let (name, count) = (&self.name, images.len());
        let novelty = novelty.filter(|_| self.spec.novelty.is_some());
        let novelty = novelty.as_ref().map(output::scores).transpose()?;
        let rows = output::rows(self.classes(), &probabilities)?;
        Ok(Outputs {
            probabilities: classifier::checked(name, count, rows)?,
            novelty: (novelty.map(|scores| classifier::checked_novelty(name, count, scores)))
                .transpose()?,
        })
    }
}
