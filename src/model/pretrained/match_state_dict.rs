//! Whether tensors from a file are those of a network.

use std::path::Path;

use tch::Kind;

use crate::model::architecture::{Architecture, Network};
use crate::model::state_dict::NamedTensors;
use crate::{Error, Result};

/// Problems and names that are told one by one; of the others, the number.
const TOLD: usize = 4;

/// The width multipliers that weights are published for.
const PUBLISHED_WIDTHS: [f64; 8] = [0.25, 0.35, 0.5, 0.75, 1.0, 1.3, 1.4, 2.0];

/// Weights that fit a network.
#[derive(Debug)]
pub struct PretrainedWeights {
    /// The tensors of the base, and of the head if it has the network's number of classes: f32 on the CPU,
    /// named as in [`Network::tensor_shapes`].
    pub tensors: NamedTensors,
    /// Whether the head is among them.
    pub has_head: bool,
    /// Names in the file that are not used, in order (batch norm's counters of batches are not even named).
    pub unused: Vec<String>,
    /// Where they came from, in words, without the path: it goes into the checkpoint.
    pub origin: String,
    head: Head,
}

/// What the file has in the place of the head.
#[derive(Debug)]
enum Head {
    Used,
    Missing,
    Unfit { names: Vec<String>, classes: i64 },
}

impl PretrainedWeights {
    /// What is used and what is not, in one line: `260 tensors used; the 1000-class head (…) is not`.
    pub fn summary(&self) -> String {
        let used = self.tensors.len();
        let (head, of_head) = match &self.head {
            Head::Used => (", the head among them".to_owned(), &[][..]),
            Head::Missing => ("; there is no head".to_owned(), &[][..]),
            Head::Unfit { names, classes } => (
                format!("; the {classes}-class head ({}) is not", names.join(", ")),
                &names[..],
            ),
        };
        let others: Vec<String> = self
            .unused
            .iter()
            .filter(|name| !of_head.contains(name))
            .cloned()
            .collect();
        let others = match others.len() {
            0 => String::new(),
            _ => format!("; not part of the network: {}", first_few(&others, ", ")),
        };
        format!("{used} tensors used{head}{others}")
    }
}

/// Checks all tensors, and then converts those that the network has.
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
        return Err(misfit(path, &found, &base, &problems));
    }
    let head_fits = head
        .iter()
        .all(|(name, shape)| problem(&found, name, shape).is_none());
    let mut wanted = base;
    if head_fits {
        wanted.extend(head.iter().cloned());
    }

    let mut tensors = NamedTensors::new();
    let mut not_finite = Vec::new();
    for (name, _) in wanted {
        let Some(tensor) = found.remove(&name) else {
            continue; // checked above
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
            "The training that wrote it diverged, or the file is damaged: use other weights.",
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
        Some(first) => Head::Unfit {
            classes: found[first].size().first().copied().unwrap_or(0),
            names,
        },
    };
    Ok(PretrainedWeights {
        tensors,
        has_head: head_fits,
        unused,
        origin,
        head,
    })
}

/// What is wrong with one tensor, if anything is.
fn problem(found: &NamedTensors, name: &str, shape: &[i64]) -> Option<String> {
    let Some(tensor) = found.get(name) else {
        return Some(format!("{name} is missing"));
    };
    let kind = tensor.kind();
    if tensor.size() != shape {
        Some(format!("{name} is {:?}, not {shape:?}", tensor.size()))
    } else if !matches!(
        kind,
        Kind::Float | Kind::Double | Kind::Half | Kind::BFloat16
    ) {
        Some(format!("{name} holds {kind:?}, not floating-point numbers"))
    } else {
        None
    }
}

fn misfit(
    path: &Path,
    found: &NamedTensors,
    base: &[(String, Vec<i64>)],
    problems: &[String],
) -> Error {
    let named = base.iter().filter(|(name, _)| found.contains_key(name));
    let named = named.count();
    let other_shapes = base.iter().any(|(name, shape)| {
        found
            .get(name)
            .is_some_and(|tensor| tensor.size() != *shape)
    });
    let width = width_of(found).filter(|_| other_shapes);
    let remedy = if named == 0 {
        "The names should be those of torchvision's mobilenet_v2: features.0.0.weight and so on."
            .to_owned()
    } else if let Some(width) = width {
        format!(
            "These are the weights of a network of width {width}: set the configuration's `width` key to it."
        )
    } else if other_shapes && problems.len() > base.len() / 2 {
        "Is it a network of another width? Then set the configuration's `width` key to it."
            .to_owned()
    } else {
        "Use weights of the whole network, as torchvision's mobilenet_v2 or `skinlesion train` writes them."
            .to_owned()
    };
    let problem = format!("does not fit the network: {}", first_few(problems, "; "));
    Error::file(path, problem, remedy)
}

/// The published width whose network has the shapes of these tensors.
fn width_of(found: &NamedTensors) -> Option<f64> {
    PUBLISHED_WIDTHS.into_iter().find(|&width| {
        let architecture = Architecture {
            width,
            ..Architecture::default()
        };
        let network = architecture.network();
        let convolutions = network.blocks.iter().flat_map(|block| &block.convolutions);
        convolutions.into_iter().all(|convolution| {
            let weight = found.get(&format!("{}.weight", convolution.name));
            weight.is_some_and(|weight| weight.size() == convolution.weight_shape())
        })
    })
}

fn first_few(all: &[String], separator: &str) -> String {
    let mut text = all[..all.len().min(TOLD)].join(separator);
    if all.len() > TOLD {
        text.push_str(&format!("{separator}and {} more", all.len() - TOLD));
    }
    text
}
