//! Inputs and result of a training run, for both phases.

use std::sync::atomic::AtomicBool;

use super::checkpointing::folder::RunFolder;
use super::config::TrainingConfig;
use super::history::Epoch;
use crate::ClassList;
use crate::dataset::Dataset;

/// The inputs of a training run.
pub struct TrainingRun<'a> {
    /// The dataset to train and validate on.
    pub dataset: &'a Dataset,
    /// The resolved configuration.
    pub config: &'a TrainingConfig,
    /// The checkpoint folder.
    pub folder: &'a RunFolder,
    /// Whether to resume from the folder's last checkpoint.
    pub resume: bool,
    /// Whether a resumed run was given more epochs, so that it goes on even if it had ended.
    pub extended: bool,
    /// Whether to write an event file for TensorBoard; a resumed run that has one goes on with it.
    pub event_file: bool,
    /// Set by the caller to stop after the current step.
    pub stop: &'a AtomicBool,
}

/// The result of a training run.
pub struct TrainingResult {
    /// The best epoch and the value of its monitored metric.
    pub best: Option<(usize, f64)>,
    /// All finished epochs.
    pub history: Vec<Epoch>,
    /// Whether the caller stopped the run.
    pub interrupted: bool,
    /// The classes.
    pub classes: ClassList,
    /// The class weights of the loss at the end of the run.
    pub class_weights: Vec<f64>,
    /// Number of training images.
    pub train_images: usize,
    /// Number of validation images.
    pub val_images: usize,
}
