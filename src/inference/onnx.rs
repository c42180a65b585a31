//! ONNX files, run with rten, an engine that shares no code with libtorch.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use rten::{Model, NodeId, RunOptions, ThreadPool, Value, ValueView};

use super::classifier::{self, Classifier, Outputs};
use super::onnx_wire;
use crate::artifact::description::{Abstention, Threshold};
use crate::artifact::input_spec::InputSpec;
use crate::artifact::interface::{EVIDENCE, NOVELTY, PROBABILITIES};
use crate::artifact::package;
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::probabilities::Probabilities;
use crate::{Class, ClassList, Error, Result, reading};

/// Images that one thread runs together.
const IMAGES_AT_A_TIME: usize = 4;

/// An ONNX file that `skinlesion export` wrote.
pub struct OnnxClassifier {
    model: Model,
    input: NodeId,
    output: NodeId,
    /// The output with the novelty score, if the file has one.
    novelty: Option<NodeId>,
    threads: Arc<ThreadPool>,
    /// One pool of one thread for each thread of `threads`.
    single_threads: Vec<Arc<ThreadPool>>,
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
        let model = Model::load(bytes).map_err(|error| match error.to_string() {
            reason if reason.contains("antialias") => Error::file(
                path,
                "it was exported with --resize, and the engine of this program has no antialiased resize",
                "Run it in ONNX Runtime, or use a file that was exported without --resize.",
            ),
            reason => refuse(reason),
        })?;
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
        let novelty = match spec.novelty {
            Some(_) => Some(model.find_node(NOVELTY).ok_or_else(|| {
                refuse(format!(
                    "it has no output '{NOVELTY}', of which its metadata tells"
                ))
            })?),
            None => None,
        };
        Ok(Self {
            novelty,
            model,
            input,
            output,
            threads: Arc::new(ThreadPool::with_num_threads(rayon::current_num_threads())),
            single_threads: (0..rayon::current_num_threads())
                .map(|_| Arc::new(ThreadPool::with_num_threads(1)))
                .collect(),
            metadata: package::metadata(path, &spec.checkpoint)?,
            spec,
            name: path.display().to_string(),
        })
    }
}

impl OnnxClassifier {
    /// A field of the file's metadata.
    pub fn field(&self, name: &str) -> Option<String> {
        self.model.metadata().get(name).map(str::to_owned)
    }
}

impl Classifier for OnnxClassifier {
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
        if images.len() < 2 * self.single_threads.len() {
            return self.batch(images, &self.threads);
        }
        // Each thread runs images of its own, a few at a time: their activations fit the cache, and no thread waits for
        // another after every layer.
        let share = images.len().div_ceil(self.single_threads.len());
        let none = || Outputs::none(self.novelty.is_some());
        let joined = |mut all: Outputs, more: Outputs| {
            all.extend(more);
            all
        };
        let shares: Vec<Outputs> = (images.par_chunks(share))
            .zip(&self.single_threads)
            .map(|(share, thread)| {
                let batches = share.chunks(IMAGES_AT_A_TIME);
                let rows: Result<Vec<_>> = batches.map(|batch| self.batch(batch, thread)).collect();
                rows.map(|rows| rows.into_iter().fold(none(), joined))
            })
            .collect::<Result<_>>()?;
        Ok(shares.into_iter().fold(none(), joined))
    }

    /// The class activation map of [`EVIDENCE`]: as only average pooling and the linear head follow the last
    /// activations, its positive part is Grad-CAM.
    fn grad_cam(&self, image: &[u8], class: Class) -> Result<Option<Vec<f32>>> {
        let Some(evidence) = self.model.find_node(EVIDENCE) else {
            return Ok(None);
        };
        let ([_, _, height, width], flat) = self
            .run(&[image], [evidence], &self.threads)?
            .swap_remove(0)
            .into_shape_vec::<f32, 4>()
            .map_err(|error| self.failed(&error.to_string()))?;
        let cells = height * width;
        let map = (cells > 0).then(|| flat.chunks_exact(cells).nth(class.index()));
        Ok(map
            .flatten()
            .map(|map| map.iter().map(|value| value.max(0.0)).collect()))
    }
}

impl OnnxClassifier {
    fn failed(&self, reason: &str) -> Error {
        Error::input(
            &self.name,
            format!("running it failed ({reason})"),
            "Export the checkpoint again.",
        )
    }

    /// The outputs for a batch of prepared images.
    fn batch(&self, images: &[&[u8]], threads: &Arc<ThreadPool>) -> Result<Outputs> {
        let mut values = match self.novelty {
            Some(novelty) => self.run(images, [self.output, novelty], threads)?,
            None => self.run(images, [self.output], threads)?,
        }
        .into_iter();
        let mut matrix = || {
            let value = values
                .next()
                .ok_or_else(|| self.failed("an output is missing"))?;
            (value.into_shape_vec::<f32, 2>()).map_err(|error| self.failed(&error.to_string()))
        };
        let ([_, classes], flat) = matrix()?;
        if classes != self.spec.classes.len() {
            return Err(self.failed(&format!("its output has {classes} probabilities per image")));
        }
        let row =
            |row: &[f32]| Probabilities::new(self.spec.classes, row.iter().copied().map(f64::from));
        let rows = flat.chunks_exact(classes).map(row).collect();
        let novelty = match self.novelty {
            Some(_) => {
                let (_, scores) = matrix()?;
                let scores = scores.into_iter().map(f64::from).collect();
                Some(classifier::checked_novelty(
                    &self.name,
                    images.len(),
                    scores,
                )?)
            }
            None => None,
        };
        Ok(Outputs {
            probabilities: classifier::checked(&self.name, images.len(), rows)?,
            novelty,
        })
    }

    /// Some outputs of the network for a batch of prepared images.
    fn run<const N: usize>(
        &self,
        images: &[&[u8]],
        outputs: [NodeId; N],
        threads: &Arc<ThreadPool>,
    ) -> Result<Vec<Value>> {
        let side = self.spec.resize.size as usize;
        let count = images.len();
        let (values, bytes);
        let nhwc = [count, side, side, 3];
        let nchw = [count, 3, side, side];
        let input = if self.spec.input.takes_bytes() {
            bytes = images.concat();
            ValueView::from_shape(nhwc.as_slice(), &bytes)
                .map_err(|error| self.failed(&error.to_string()))?
        } else {
            values = to_nchw(images);
            ValueView::from_shape(nchw.as_slice(), &values)
                .map_err(|error| self.failed(&error.to_string()))?
        };
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(threads)));
        let inputs = vec![(self.input, input.into())];
        let values = self
            .model
            .run_n(inputs, outputs, Some(options))
            .map_err(|error| self.failed(&error.to_string()))?;
        Ok(values.into())
    }
}

/// Converts bytes (N × H × W × 3) to values in 0–1 (N × 3 × H × W).
fn to_nchw(images: &[&[u8]]) -> Vec<f32> {
    let mut values = Vec::with_capacity(images.iter().map(|image| image.len()).sum());
    for image in images {
        let (pixels, _) = image.as_chunks::<3>();
        for channel in 0..3 {
            values.extend(pixels.iter().map(|pixel| f32::from(pixel[channel]) / 255.0));
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
