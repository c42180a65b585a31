//! The priors of the classes in the training of a checkpoint.

use skinlesion::Result;
use skinlesion::dataset::Dataset;
use skinlesion::metrics::decisions::Offsets;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;

/// The priors in the metadata. For a checkpoint of an older version they are computed from its training dataset, if
/// `dataset` is that one.
pub fn class_priors(metadata: &CheckpointMetadata, dataset: &Dataset) -> Result<Option<Offsets>> {
    if metadata.class_priors.is_some() || metadata.dataset != dataset.info.hashes.manifest {
        return Ok(metadata.class_priors.clone());
    }
    of_older_version(metadata, dataset)
}

#[cfg(feature = "torch")]
fn of_older_version(metadata: &CheckpointMetadata, dataset: &Dataset) -> Result<Option<Offsets>> {
    use skinlesion::evaluation::as_trained;
    use skinlesion::training::{class_priors, config::resolve};
    let config = resolve::from_checkpoint(&dataset.path, &metadata.config)?;
    let dataset = as_trained(Dataset::open(&dataset.path)?, Some(metadata))?;
    Ok(Some(class_priors::of_run(&dataset, &config)))
}

#[cfg(not(feature = "torch"))]
fn of_older_version(_: &CheckpointMetadata, _: &Dataset) -> Result<Option<Offsets>> {
    Ok(None)
}
