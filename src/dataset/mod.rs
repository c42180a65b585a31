//! Photographs and what is known of them: from metadata to a dataset folder. Knows nothing of tensors.
//!
//! A dataset folder holds `manifest.csv` ([`manifest`]), `pixels.bin` ([`pixels`]) and `dataset.json`
//! ([`info`]); [`Dataset::open`] reads all three.

pub mod drawn;
pub mod folder;
pub mod info;
pub mod manifest;
pub mod pixels;
pub mod sample;

pub use folder::Dataset;
pub use info::DatasetInfo;
pub use sample::{Part, Sample};
