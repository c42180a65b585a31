//! From a dataset folder to a checkpoint: transfer learning and fine-tuning.

mod adam;
pub mod augment;
pub mod averaging;
pub mod class_weights;
pub mod config;
pub mod features;
pub mod folder;
pub mod history;
mod judgement;
pub mod learner;
pub mod loss;
mod mixing;
pub mod optimizer;
mod resume;
pub mod run;
mod sampling;
pub mod schedule;
pub mod settings;
pub mod setup;
pub mod start;
pub mod teacher;
mod trainer;

pub use config::{Phase, TrainingConfig};
pub use judgement::LAST;
