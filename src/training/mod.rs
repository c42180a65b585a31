//! From a dataset folder to a checkpoint: transfer learning and fine-tuning.

pub mod augment;
pub mod class_weights;
pub mod config;
pub mod fit;
pub mod history;
pub mod loss;
pub mod run;
mod trainer;

pub use self::config::{Phase, TrainingConfig};
pub use self::early_stopping::LAST;
pub mod checkpointing;
pub mod data;
pub mod distillation;
mod early_stopping;
pub mod ema;
pub mod initial_model;
pub mod lr_schedule;
mod mixup;
pub mod optim;
