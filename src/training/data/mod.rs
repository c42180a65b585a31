//! Training and validation data: sampling, cached features, and batches of augmented images.

pub mod batches;
pub mod features;
pub mod sampling;
