//! TorchScript files, run with libtorch.

use std::path::Path;

use tch::{CModule, Device, IValue};

use super::classifier::{self, Classifier, Outputs};
use crate::artifact::description::{Abstention, Threshold};
use crate::artifact::input_spec::InputSpec;
use crate::artifact::{package, torchscript};
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::model::{input, output};
use crate::{ClassList, Error, Result};

/// A TorchScript file that `skinlesion export` wrote.
pub struct TorchScriptClassifier {
    module: CModule,
    device: Device,
    spec: InputSpec,
    metadata: Option<CheckpointMetadata>,
    /// The path, for messages.
    name: String,
}

impl TorchScriptClassifier {
    /// Opens a file on a device. It contains code, which libtorch runs. The input specification is read from the
    /// `model.json` inside it.
    pub fn open(path: &Path, device: Device) -> Result<Self> {
        package::refuse_changed(path)?;
        let description = torchscript::description(path)?.ok_or_else(|| {
            Error::file(
                path,
                "this is not a TorchScript file with an input specification",
                "Use a file that `skinlesion export` wrote.",
            )
        })?;
        let spec = InputSpec::read(path, |key| {
            description.get(key).map(|value| value.to_string())
        })?;
        let name = path.display().to_string();
        let mut module = CModule::load_on_device(path, device)
            .map_err(Error::torch(format!("reading {name}")))?;
        module
            .f_set_eval()
            .map_err(Error::torch(format!("reading {name}")))?;
        Ok(Self {
            module,
            device,
            metadata: package::metadata(path, &spec.checkpoint)?,
            spec,
            name,
        })
    }
}

impl Classifier for TorchScriptClassifier {
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
        let side = self.spec.resize.size as usize;
        let bytes = input::bytes_to_tensor(images, side, self.device)?;
        let image = IValue::Tensor(match self.spec.input.takes_bytes() {
            true => bytes.permute([0, 2, 3, 1]).contiguous(),
            false => input::to_unit(&bytes),
        });
        let outputs = tch::no_grad(|| self.module.forward_is(&[image]))
            .map_err(Error::torch(format!("running {}", self.name)))?;
        let IValue::Tuple(outputs) = outputs else {
            return Err(self.unexpected_output());
        };
        let (name, count) = (&self.name, images.len());
        let novelty = match (self.spec.novelty, outputs.get(2)) {
            (None, _) => None,
            (Some(_), Some(IValue::Tensor(scores))) => {
                let scores = output::scores(scores)?;
                Some(classifier::checked_novelty(name, count, scores)?)
            }
            _ => return Err(self.unexpected_output()),
        };
        let Some(IValue::Tensor(probabilities)) = outputs.first() else {
            return Err(self.unexpected_output());
        };
        let rows = output::rows(self.classes(), probabilities)?;
        Ok(Outputs {
            probabilities: classifier::checked(name, count, rows)?,
            novelty,
        })
    }
}

impl TorchScriptClassifier {
    fn unexpected_output(&self) -> Error {
        Error::input(
            &self.name,
            "it does not return (probabilities, logits), and its novelty score if it has one",
            "Use a file that `skinlesion export` wrote.",
        )
    }
}
