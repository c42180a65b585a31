//! Training on a dataset folder: transfer learning and fine-tuning.
//!
//! [`fit`] runs the loop of the trainer. [`config`] describes the settings, [`checkpointing`] the files of a run.

pub mod augment;
pub mod checkpointing;
pub mod class_priors;
pub mod class_weights;
pub mod config;
pub mod data;
pub mod distillation;
mod early_stopping;
pub mod ema;
pub mod fit;
pub mod history;
pub mod initial_model;
pub mod loss;
pub mod lr_schedule;
mod mixup;
pub mod optim;
pub mod progressive_resizing;
pub mod run;
pub mod tensorboard;
mod trainer;

pub use self::config::{Phase, TrainingConfig};
pub use self::early_stopping::LAST;
