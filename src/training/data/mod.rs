//! The examples of a run: which rows, in which order, as features or as augmented images.

pub mod batches;
pub mod features;
pub mod sampling;
