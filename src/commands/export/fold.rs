//! The network of a fold, on which quantization is measured for a network that was trained on all folds.

use std::path::Path;

use skinlesion::artifact::format::Format;
use skinlesion::dataset::{DatasetInfo, info};
use skinlesion::export::images::{self, Images};
use skinlesion::export::inputs::ExportInputs;
use skinlesion::export::quantize::CALIBRATION_IMAGES;
use skinlesion::export::source::ExportSource;
use skinlesion::export::write::FoldInputs;
use skinlesion::inference::classifier::Outputs;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;
use skinlesion::{Error, Result};

use crate::terminal::Session;

/// Refuses int8 files whose loss could not be measured: those of a network of all folds without that of one fold.
pub fn refuse_unmeasured_int8(
    int8: Option<&Format>,
    data: Option<&Path>,
    fold_checkpoint: Option<&Path>,
    metadata: &CheckpointMetadata,
) -> Result<()> {
    let (Some(format), Some(data), None) = (int8, data, fold_checkpoint) else {
        return Ok(());
    };
    let info = DatasetInfo::read(&data.join(info::FILE))?;
    let trained_on_all = metadata.fold.is_none() && !info.folds.is_empty();
    if trained_on_all && metadata.dataset == info.hashes.manifest {
        return Err(Error::input(
            format!("--format {format}"),
            "the network was trained on all folds, so no image is left to measure what quantization loses",
            "Give the checkpoint of one fold that was trained with the same settings: --fold-checkpoint DIR.",
        ));
    }
    Ok(())
}

/// The network of a fold, whose quantization is measured in place of the exported network's.
pub struct FoldNetwork {
    source: ExportSource,
    images: Images,
    answers: Outputs,
    calibration: Vec<Vec<u8>>,
}

impl FoldNetwork {
    /// Reads the checkpoint of a fold of the dataset `data`, with the calibration of the `exported` network, and
    /// computes its probabilities of at most `limit` images of its validation fold (0: all).
    pub fn read(
        path: &Path,
        data: &Path,
        limit: usize,
        exported: &CheckpointMetadata,
        session: &Session,
    ) -> Result<Self> {
        let source = ExportSource::read_fold(path, exported)?;
        let images = Images::validation(data, &source.metadata, limit)?;
        Ok(Self {
            answers: source.answers(&images, session)?,
            calibration: images::training(data, &source.metadata, CALIBRATION_IMAGES)?,
            images,
            source,
        })
    }

    /// What the writer takes.
    pub fn inputs(&self) -> FoldInputs<'_> {
        FoldInputs {
            source: &self.source,
            inputs: ExportInputs {
                images: &self.images,
                answers: &self.answers,
                decisions: &self.source.metadata.decisions,
                calibration: &self.calibration,
            },
        }
    }
}
