//! Model soups (Wortsman et al. 2022): the mean of several networks' weights. A soup is often as good as the ensemble,
//! at the inference cost of one network.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::checkpoint::Checkpoint;
use super::checkpoint_metadata::CheckpointMetadata;
use super::seen::Seen;
use super::state_dict::NamedTensors;
use crate::metrics::decisions::Decisions;
use crate::{Error, Result};

/// A network in the soup.
pub struct Member {
    /// Name for messages and for the metadata.
    pub name: String,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Weight in the mean, above 0. Weights are normalised to a sum of 1.
    pub weight: f64,
}

/// The weighted mean of the members' weights and BatchNorm statistics.
///
/// The metadata is the first member's, with the training and validation images of all members and the mean of their
/// class priors; if one was trained on all folds, it is that one's. It has no metrics and no temperature and no novelty
/// score, as the mean has not been evaluated yet.
///
/// # Errors
/// Fails for fewer than two members, and if a member's classes, architecture, dataset, fold or resize rule differ from
/// the first's. The image size may differ, and a network of a fold may be averaged with one that was trained on all
/// folds.
pub fn average(members: &[Member]) -> Result<Checkpoint> {
    let [first, others @ ..] = members else {
        return Err(too_few());
    };
    if others.is_empty() {
        return Err(too_few());
    }
    for other in others {
        refuse_mismatch(first, other)?;
    }
    // By the largest first: the sum of huge weights would be infinite, and each share of it zero.
    let largest = members
        .iter()
        .map(|member| member.weight)
        .fold(0.0, f64::max);
    let scaled = |member: &Member| member.weight / largest;
    let total: f64 = members.iter().map(scaled).sum();
    let mean = |name: &String| -> Option<Tensor> {
        let weighted = members.iter().map(|member| {
            let tensor = member.checkpoint.tensors.get(name)?;
            Some(tensor.to_kind(Kind::Double) * (scaled(member) / total))
        });
        let weighted: Option<Vec<Tensor>> = weighted.collect();
        Some(
            Tensor::stack(&weighted?, 0)
                .sum_dim_intlist(0, false, Kind::Double)
                .to_kind(Kind::Float),
        )
    };
    let tensors: Option<NamedTensors> = (first.checkpoint.tensors.keys())
        .map(|name| Some((name.clone(), mean(name)?)))
        .collect();
    Ok(Checkpoint {
        novelty: None,
        tensors: tensors.unwrap_or_default(), // `Checkpoint::read` guarantees that all names exist
        metadata: metadata(first, members, total),
    })
}

/// The names of two members whose first weights differ, if any do: their mean is no network.
pub fn different_origins(members: &[Member]) -> Option<[&str; 2]> {
    let origin = |member: &Member| {
        let began = &member.checkpoint.metadata.initial_weights;
        let origin = began.rsplit(" began with ").next().unwrap_or_default();
        // The same file may have another name.
        let digest = origin.split_once("(sha256 ").map(|(_, digest)| digest);
        digest.unwrap_or(origin).to_owned()
    };
    let (first, others) = members.split_first()?;
    let own = origin(first);
    let other = others.iter().find(|member| origin(member) != own)?;
    Some([&first.name, &other.name])
}

fn too_few() -> Error {
    Error::input(
        "CHECKPOINT",
        "averaging needs at least two checkpoints",
        "Pass two or more checkpoints.",
    )
}

fn refuse_mismatch(first: &Member, other: &Member) -> Result<()> {
    let (a, b) = (&first.checkpoint.metadata, &other.checkpoint.metadata);
    let problem = if !a.classes.has_codes_of(b.classes) {
        format!(
            "its classes are {}, but those of {} are {}",
            b.classes.codes(),
            first.name,
            a.classes.codes()
        )
    } else if a.architecture != b.architecture {
        format!(
            "its width is {}, but that of {} is {}",
            b.architecture.width, first.name, a.architecture.width
        )
    } else if (a.resize.fit, a.resize.colour) != (b.resize.fit, b.resize.colour) {
        format!(
            "it needs images prepared with {}, but {} needs {}",
            b.resize.flags(),
            first.name,
            a.resize.flags()
        )
    } else if a.dataset != b.dataset {
        format!("it was trained on another dataset than {}", first.name)
    } else if a.fold != b.fold && ![a.fold, b.fold].contains(&None) {
        format!("it was validated on another fold than {}", first.name)
    } else {
        return Ok(());
    };
    Err(Error::input(
        other.name.clone(),
        problem,
        "Average only checkpoints that were fine-tuned from the same weights and trained on the same images.",
    ))
}

fn metadata(first: &Member, members: &[Member], total: f64) -> CheckpointMetadata {
    let mut seen = Seen::default();
    for member in members {
        seen.extend(&member.checkpoint.metadata.seen);
    }
    let named: Vec<String> = (members.iter())
        .map(|member| format!("{} ({:.3})", member.name, member.weight / total))
        .collect();
    // With a network that was trained on all folds, the mean is one too.
    let of_all_folds = (members.iter()).find(|member| member.checkpoint.metadata.fold.is_none());
    let own = &of_all_folds.unwrap_or(first).checkpoint.metadata;
    CheckpointMetadata {
        written_by: format!("skinlesion {}", env!("CARGO_PKG_VERSION")),
        initial_weights: format!(
            "the mean of {}; the first began with {}",
            named.join(" and "),
            first.checkpoint.metadata.initial_weights
        ),
        validation: BTreeMap::new(),
        seen,
        temperature: None,
        decisions: Decisions::likeliest(own.classes),
        novelty: None,
        class_priors: class_priors(members, total),
        ..own.clone()
    }
}

/// The weighted mean of the members' class priors, scaled to a sum of 1; `None` if those of a member are unknown.
fn class_priors(members: &[Member], total: f64) -> Option<Vec<f64>> {
    let mut mean = Vec::new();
    for member in members {
        let priors = member.checkpoint.metadata.class_priors.as_ref()?;
        let scale = member.weight / total / priors.iter().sum::<f64>();
        mean.resize(priors.len(), 0.0);
        for (mean, prior) in mean.iter_mut().zip(priors) {
            *mean += prior * scale;
        }
    }
    Some(mean)
}
