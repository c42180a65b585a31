//! Matching of a state dict with a network, by name, shape and type.

use std::path::Path;

use tch::Kind;

use crate::model::architecture::{Architecture, Network};
use crate::model::state_dict::NamedTensors;
use crate::{Error, Result};

/// Number of problems and names that a message lists; the others are only counted.
const LISTED: usize = 4;

/// Width multipliers for which pretrained weights have been published.
const PUBLISHED_WIDTHS: [f64; 8] = [0.25, 0.35, 0.5, 0.75, 1.0, 1.3, 1.4, 2.0];

/// Weights that match a network.
#[derive(Debug)]
pub struct PretrainedWeights {
    /// Tensors of the base, and of the head if its number of classes is the network's. They are f32, on the CPU, and
    /// named as in [`Network::tensor_shapes`].
    pub tensors: NamedTensors,
    /// Names of unused tensors, sorted, without BatchNorm's `num_batches_tracked`.
    pub unused: Vec<String>,
    /// Description of the source, without the path: it is saved in checkpoints.
    pub origin: String,
    head: Head,
}

/// The head in the file.
#[derive(Debug)]
enum Head {
    Used,
    Missing,
    Mismatched { names: Vec<String>, classes: i64 },
}

impl PretrainedWeights {
    /// The used and unused tensors in one line: `260 tensors used; the 1000-class head (…) is not`.
    pub fn summary(&self) -> String {
        let used = self.tensors.len();
        let (head, head_names) = match &self.head {
            Head::Used => (", the head among them".to_owned(), &[][..]),
            Head::Missing => ("; there is no head".to_owned(), &[][..]),
            Head::Mismatched { names, classes } => (
                format!("; the {classes}-class head ({}) is not", names.join(", ")),
                &names[..],
            ),
        };
        let others: Vec<String> = self
            .unused
            .iter()
            .filter(|name| !head_names.contains(name))
            .cloned()
            .collect();
        let others = match others.len() {
            0 => String::new(),
            _ => format!("; not part of the network: {}", first_few(&others, ", ")),
        };
        format!("{used} tensors used{head}{others}")
    }
}

/// Checks all tensors, and converts those of the network to f32.
pub(super) fn match_state_dict(
    path: &Path,
    mut found: NamedTensors,
    network: &Network,
    origin: String,
) -> Result<PretrainedWeights> {
    found.retain(|name, _| !name.ends_with(".num_batches_tracked"));
    let shapes = network.tensor_shapes();
    let in_head = format!("{}.", network.head.name);
    let (head, base): (Vec<_>, Vec<_>) = shapes
        .iter()
        .cloned()
        .partition(|(name, _)| name.starts_with(&in_head));

    let mut problems: Vec<String> = Vec::new();
    for (name, shape) in &base {
        problems.extend(problem(&found, name, shape));
    }
    if !problems.is_empty() {
        return Err(mismatch(path, &found, &base, &problems));
    }
    let head_fits = head
        .iter()
        .all(|(name, shape)| problem(&found, name, shape).is_none());
    let mut expected = base;
    if head_fits {
        expected.extend(head.iter().cloned());
    }

    let mut tensors = NamedTensors::new();
    let mut not_finite = Vec::new();
    for (name, _) in expected {
        let Some(tensor) = found.remove(&name) else {
            continue; // cannot happen: checked above
        };
        let tensor = tensor
            .f_to_kind(Kind::Float)
            .map_err(Error::torch(format!("reading {name}")))?;
        let finite = tensor
            .f_isfinite()
            .and_then(|each| each.f_all())
            .and_then(|all| all.f_int64_value(&[]))
            .map_err(Error::torch(format!("reading {name}")))?;
        if finite == 0 {
            not_finite.push(format!("{name} has values that are not finite f32 numbers"));
        }
        tensors.insert(name, tensor);
    }
    if !not_finite.is_empty() {
        return Err(Error::file(
            path,
            first_few(&not_finite, "; "),
            "The training diverged, or the file is damaged: use other weights.",
        ));
    }
    let unused: Vec<String> = found.keys().cloned().collect();
    let names: Vec<String> = head
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| unused.contains(name))
        .collect();
    let head = match names.first() {
        _ if head_fits => Head::Used,
        None => Head::Missing,
        Some(first) => Head::Mismatched {
            classes: found[first].size().first().copied().unwrap_or(0),
            names,
        },
    };
    Ok(PretrainedWeights {
        tensors,
        unused,
        origin,
        head,
    })
}

/// The problem of one tensor, if there is one.
fn problem(found: &NamedTensors, name: &str, shape: &[i64]) -> Option<String> {
    let Some(tensor) = found.get(name) else {
        return Some(format!("{name} is missing"));
    };
    let kind = tensor.kind();
    if tensor.size() != shape {
        Some(format!(
            "{name} has shape {:?}, not {shape:?}",
            tensor.size()
        ))
    } else if !matches!(
        kind,
        Kind::Float | Kind::Double | Kind::Half | Kind::BFloat16
    ) {
        Some(format!("{name} has type {kind:?}, not floating point"))
    } else {
        None
    }
}

fn mismatch(
    path: &Path,
    found: &NamedTensors,
    base: &[(String, Vec<i64>)],
    problems: &[String],
) -> Error {
    let matching_names = base.iter().filter(|(name, _)| found.contains_key(name));
    let matching_names = matching_names.count();
    let other_shapes = base.iter().any(|(name, shape)| {
        found
            .get(name)
            .is_some_and(|tensor| tensor.size() != *shape)
    });
    let width = width_of(found).filter(|_| other_shapes);
    let remedy = if matching_names == 0 {
        "The names must be those of torchvision's mobilenet_v2: features.0.0.weight and so on."
            .to_owned()
    } else if let Some(width) = width {
        format!(
            "These are the weights of a network of width {width}: `skinlesion train --set width={width}`."
        )
    } else if other_shapes && problems.len() > base.len() / 2 {
        "If this is a network of another width: `skinlesion train --set width=WIDTH`.".to_owned()
    } else {
        "Use the weights of a whole network, such as torchvision's mobilenet_v2 or a checkpoint of `skinlesion train`."
            .to_owned()
    };
    let problem = format!(
        "the weights do not match the network: {}",
        first_few(problems, "; ")
    );
    Error::file(path, problem, remedy)
}

/// The published width multiplier whose network has the shapes of these tensors.
fn width_of(found: &NamedTensors) -> Option<f64> {
    PUBLISHED_WIDTHS.into_iter().find(|&width| {
        let architecture = Architecture {
            width,
            ..Architecture::new(2) // the head does not matter
        };
        let network = architecture.network();
        let convolutions = network.blocks.iter().flat_map(|block| &block.convolutions);
        convolutions.into_iter().all(|convolution| {
            let weight = found.get(&format!("{}.weight", convolution.name));
            weight.is_some_and(|weight| weight.size() == convolution.weight_shape())
        })
    })
}

/// Joins the first items of a list, and counts the others.
fn first_few(all: &[String], separator: &str) -> String {
    let mut text = all[..all.len().min(LISTED)].join(separator);
    if all.len() > LISTED {
        text.push_str(&format!("{separator}and {} more", all.len() - LISTED));
    }
    text
}
