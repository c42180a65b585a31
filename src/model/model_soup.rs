//! The mean of several networks' weights: often as good as their ensemble, at the cost of one (“model soups”, Wortsman
//! et al. 2022).

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::checkpoint::Checkpoint;
use super::checkpoint_metadata::CheckpointMetadata;
use super::state_dict::NamedTensors;
use crate::{Error, Result};

/// A network to be averaged.
pub struct Member {
    /// What to call it in words.
    pub name: String,
    /// It.
    pub checkpoint: Checkpoint,
    /// How much it counts, above 0; only the ratio to the others matters.
    pub weight: f64,
}

/// The weighted mean of the members' weights, batch norm's statistics included. All else is the first member's, save
/// what the mean of all knows: the lesions of all, and no figures, as nobody has scored it yet.
///
/// # Errors
/// Fewer than two members, other layers than the first's, other folds, or other images (save their size).
pub fn average(members: &[Member]) -> Result<Checkpoint> {
    let [first, others @ ..] = members else {
        return Err(too_few());
    };
    if others.is_empty() {
        return Err(too_few());
    }
    for other in others {
        refuse_unlike(first, other)?;
    }
    let total: f64 = members.iter().map(|member| member.weight).sum();
    let mean = |name: &String| -> Option<Tensor> {
        let weighted = members.iter().map(|member| {
            let tensor = member.checkpoint.tensors.get(name)?;
            Some(tensor.to_kind(Kind::Double) * (member.weight / total))
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
        tensors: tensors.unwrap_or_default(), // every checkpoint was read with all of its names
        metadata: metadata(first, members, total),
    })
}

fn too_few() -> Error {
    Error::input(
        "CHECKPOINT",
        "a mean takes at least two networks",
        "Name two or more checkpoints.",
    )
}

fn refuse_unlike(first: &Member, other: &Member) -> Result<()> {
    let (a, b) = (&first.checkpoint.metadata, &other.checkpoint.metadata);
    let problem = if a.architecture != b.architecture {
        format!(
            "its width is {}, that of {} is {}",
            b.architecture.width, first.name, a.architecture.width
        )
    } else if (a.resize.fit, a.resize.colour) != (b.resize.fit, b.resize.colour) {
        format!(
            "it needs images prepared with {}, {} with {}",
            b.resize.flags(),
            first.name,
            a.resize.flags()
        )
    } else if a.fold != b.fold {
        format!("it was not validated on the fold that {} was", first.name)
    } else {
        return Ok(());
    };
    Err(Error::input(
        other.name.clone(),
        problem,
        "Only networks that began with the same weights and learnt from the same images have a mean that means something.",
    ))
}

fn metadata(first: &Member, members: &[Member], total: f64) -> CheckpointMetadata {
    let union = |of: fn(&CheckpointMetadata) -> &Vec<String>| {
        let mut all: Vec<String> = (members.iter())
            .flat_map(|member| of(&member.checkpoint.metadata).clone())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let named: Vec<String> = (members.iter())
        .map(|member| format!("{} ({:.3})", member.name, member.weight / total))
        .collect();
    let own = &first.checkpoint.metadata;
    CheckpointMetadata {
        written_by: format!("skinlesion {}", env!("CARGO_PKG_VERSION")),
        initial_weights: format!(
            "the mean of {}; the first began with {}",
            named.join(" and "),
            own.initial_weights
        ),
        validation: BTreeMap::new(),
        training_lesions: union(|metadata| &metadata.training_lesions),
        validation_lesions: union(|metadata| &metadata.validation_lesions),
        temperature: None,
        ..own.clone()
    }
}
