//! A graph as a sequence of steps.

use tch::Tensor;

use super::reader::Reader;
use super::step::Step;
use super::table::Problem;
use crate::artifact::interface::{NOVELTY, PROBABILITIES};
use crate::artifact::tflite::graph::{Graph, Id};
use crate::artifact::tflite::schema::TensorType;

/// An executable network.
pub struct Program {
    steps: Vec<Step>,
    /// Number of tensors in the graph.
    tensors: usize,
    input: Id,
    output: Id,
    /// The output with the novelty score, if there is one.
    novelty: Option<Id>,
    /// The type of the input image: float32 in 0–1, or bytes.
    pub input_type: TensorType,
    /// Width and height of the input image.
    pub side: usize,
}

impl Program {
    /// Checks a graph and prepares its steps.
    pub fn new(graph: &Graph) -> Result<Self, Problem> {
        let named = |name: &str| {
            let mut outputs = graph.outputs.iter().copied();
            outputs.find(|&id| graph.tensors[id].name == name)
        };
        let (&[input], Some(output), novelty) =
            (&graph.inputs[..], named(PROBABILITIES), named(NOVELTY))
        else {
            return Err(format!("it has no input, or no output '{PROBABILITIES}'"));
        };
        let image = &graph.tensors[input];
        let side = match image.shape[..] {
            [1, height, width, 3] if height == width => usize::try_from(height).ok(),
            _ => None,
        };
        let side =
            side.ok_or_else(|| format!("its input has unsupported shape {:?}", image.shape))?;
        if ![TensorType::Float32, TensorType::Uint8].contains(&image.kind) {
            return Err(format!("its input has unsupported type {:?}", image.kind));
        }
        let mut reader = Reader::new(graph, input);
        let mut steps = Vec::with_capacity(graph.operations.len());
        for node in &graph.operations {
            steps.extend(reader.step(node)?);
        }
        let mut needed = vec![false; graph.tensors.len()];
        for output in [Some(output), novelty].into_iter().flatten() {
            if !reader.has_value(output) {
                return Err("no operator computes its output".to_owned());
            }
            needed[output] = true;
        }
        for step in steps.iter_mut().rev() {
            for &id in &step.inputs {
                if !needed[id] {
                    needed[id] = true;
                    step.last_uses.push(id);
                }
            }
        }
        Ok(Self {
            steps,
            tensors: graph.tensors.len(),
            input,
            output,
            novelty,
            input_type: image.kind,
            side,
        })
    }

    /// Whether it has a novelty score.
    pub fn has_novelty(&self) -> bool {
        self.novelty.is_some()
    }

    /// Maps images of the input type (N × 3 × side × side) to probabilities (N × classes) and, if there are any,
    /// novelty scores (N × 1).
    pub fn run(&self, images: Tensor) -> Result<(Tensor, Option<Tensor>), tch::TchError> {
        let missing = || tch::TchError::Shape("a value was not computed".to_owned());
        let mut values: Vec<Option<Tensor>> = (0..self.tensors).map(|_| None).collect();
        values[self.input] = Some(images);
        for step in &self.steps {
            let inputs: Option<Vec<&Tensor>> =
                step.inputs.iter().map(|&id| values[id].as_ref()).collect();
            let output = step.op.run(&inputs.ok_or_else(missing)?)?;
            for &id in &step.last_uses {
                values[id] = None;
            }
            values[step.output] = Some(output);
        }
        let novelty = self.novelty.map(|id| values[id].take().ok_or_else(missing));
        let probabilities = values[self.output].take().ok_or_else(missing)?;
        Ok((probabilities, novelty.transpose()?))
    }
}
