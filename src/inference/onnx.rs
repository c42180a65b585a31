//! ONNX files, run with rten, an engine that shares no code with libtorch.

use std::path::Path;
use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, ValueView};

use super::classifier::{self, Classifier};
use super::onnx_wire;
use crate::artifact::description::InputSpec;
use crate::artifact::interface::PROBABILITIES;
use crate::artifact::package;
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::probabilities::Probabilities;
use crate::{Diagnosis, Error, Result, reading};

/// An ONNX file that `skinlesion export` wrote.
pub struct OnnxClassifier {
    model: Model,
    input: NodeId,
    output: NodeId,
    threads: Arc<ThreadPool>,
    spec: InputSpec,
    metadata: Option<CheckpointMetadata>,
    /// The path, for messages.
    name: String,
}

impl OnnxClassifier {
    /// Opens a file; the input specification is read from its metadata.
    pub fn open(path: &Path) -> Result<Self> {
        package::refuse_changed(path)?;
        let bytes = reading::read(path, reading::MAX_NETWORK)?;
        let refuse = |reason: String| {
            Error::file(
                path,
                format!("this is not an ONNX file that rten can run ({reason})"),
                "Use a file that `skinlesion export` wrote.",
            )
        };
        onnx_wire::check(&bytes).map_err(refuse)?;
        let model = Model::load(bytes).map_err(|error| refuse(error.to_string()))?;
        let spec = InputSpec::read(path, |key| model.metadata().get(key).map(str::to_owned))?;
        let (Some(&input), Some(output)) =
            (model.input_ids().first(), model.find_node(PROBABILITIES))
        else {
            return Err(Error::file(
                path,
                format!("it has no input, or no output '{PROBABILITIES}'"),
                "Use a file that `skinlesion export` wrote.",
            ));
        };
        Ok(Self {
            model,
            input,
            output,
            threads: Arc::new(ThreadPool::with_num_threads(rayon::current_num_threads())),
            metadata: package::metadata(path, &spec.checkpoint)?,
            spec,
            name: path.display().to_string(),
        })
    }
}

impl Classifier for OnnxClassifier {
    fn resize(&self) -> ResizeRule {
        self.spec.resize
    }

    fn metadata(&self) -> Option<&CheckpointMetadata> {
        self.metadata.as_ref()
    }

    fn decisions(&self) -> &Decisions {
        &self.spec.decisions
    }

    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>> {
        let failed = |reason: String| {
            Error::input(
                &self.name,
                format!("running it failed ({reason})"),
                "Export the checkpoint again.",
            )
        };
        let side = self.spec.resize.size as usize;
        let count = images.len();
        let (values, bytes);
        let nhwc = [count, side, side, 3];
        let nchw = [count, 3, side, side];
        let input = if self.spec.input.takes_bytes() {
            bytes = images.concat();
            ValueView::from_shape(nhwc.as_slice(), &bytes).map_err(|e| failed(e.to_string()))?
        } else {
            values = to_nchw(images);
            ValueView::from_shape(nchw.as_slice(), &values).map_err(|e| failed(e.to_string()))?
        };
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let inputs = vec![(self.input, input.into())];
        let [output] = self
            .model
            .run_n(inputs, [self.output], Some(options))
            .map_err(|error| failed(error.to_string()))?;
        let ([_, classes], flat) = output
            .into_shape_vec::<f32, 2>()
            .map_err(|error| failed(error.to_string()))?;
        if classes != Diagnosis::COUNT {
            return Err(failed(format!(
                "its output has {classes} probabilities per image"
            )));
        }
        let row = |row: &[f32]| std::array::from_fn(|class| f64::from(row[class]));
        let rows = flat.chunks_exact(classes).map(row).collect();
        classifier::checked(&self.name, count, rows)
    }
}

/// Converts bytes (N × H × W × 3) to values in 0–1 (N × 3 × H × W).
fn to_nchw(images: &[&[u8]]) -> Vec<f32> {
    let mut values = Vec::with_capacity(images.iter().map(|image| image.len()).sum());
    for image in images {
        for channel in 0..3 {
            values.extend(
                image
                    .iter()
                    .skip(channel)
                    .step_by(3)
                    .map(|&byte| f32::from(byte) / 255.0),
            );
        }
    }
    values
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_become_channels_first_in_zero_to_one() {
        let image: &[u8] = &[0, 51, 255, 102, 153, 204];
        assert_eq!(super::to_nchw(&[image]), [0.0, 0.4, 0.2, 0.6, 1.0, 0.8]);
    }
}
