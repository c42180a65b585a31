//! A graph as steps that run one after the other.

use tch::Tensor;

use super::reader::Reader;
use super::step::Step;
use super::table::Problem;
use crate::artifact::interface::PROBABILITIES;
use crate::artifact::tflite::graph::{Graph, Id};
use crate::artifact::tflite::schema::TensorType;

/// A network ready to run.
pub struct Program {
    steps: Vec<Step>,
    /// How many values and constants the graph has.
    tensors: usize,
    input: Id,
    output: Id,
    /// The type of the image's numbers: float32 in 0–1, or bytes.
    pub input_type: TensorType,
    /// The side of the images.
    pub side: usize,
}

impl Program {
    /// Checks a graph and makes it ready.
    pub fn new(graph: &Graph) -> Result<Self, Problem> {
        let (&[input], Some(&output)) = (
            &graph.inputs[..],
            graph
                .outputs
                .iter()
                .find(|&&id| graph.tensors[id].name == PROBABILITIES),
        ) else {
            return Err(format!("it has no input, or no output '{PROBABILITIES}'"));
        };
        let image = &graph.tensors[input];
        let side = match image.shape[..] {
            [1, height, width, 3] if height == width => usize::try_from(height).ok(),
            _ => None,
        };
        let side = side.ok_or_else(|| format!("its input is of shape {:?}", image.shape))?;
        if ![TensorType::Float32, TensorType::Uint8].contains(&image.kind) {
            return Err(format!("its input is of type {:?}", image.kind));
        }
        let mut reader = Reader::new(graph, input);
        let mut steps = Vec::with_capacity(graph.operations.len());
        for node in &graph.operations {
            steps.extend(reader.step(node)?);
        }
        if !reader.makes(output) {
            return Err("nothing makes its output".to_owned());
        }
        let mut needed = vec![false; graph.tensors.len()];
        needed[output] = true;
        for step in steps.iter_mut().rev() {
            for &id in &step.takes {
                if !needed[id] {
                    needed[id] = true;
                    step.last.push(id);
                }
            }
        }
        Ok(Self {
            steps,
            tensors: graph.tensors.len(),
            input,
            output,
            input_type: image.kind,
            side,
        })
    }

    /// The probabilities (N × 7) of images of the input's type (N × 3 × side × side).
    pub fn run(&self, images: Tensor) -> Result<Tensor, tch::TchError> {
        let missing = || tch::TchError::Shape("a value was not made".to_owned());
        let mut values: Vec<Option<Tensor>> = (0..self.tensors).map(|_| None).collect();
        values[self.input] = Some(images);
        for step in &self.steps {
            let taken: Option<Vec<&Tensor>> =
                step.takes.iter().map(|&id| values[id].as_ref()).collect();
            let made = step.action.run(&taken.ok_or_else(missing)?)?;
            for &id in &step.last {
                values[id] = None;
            }
            values[step.makes] = Some(made);
        }
        values[self.output].take().ok_or_else(missing)
    }
}
