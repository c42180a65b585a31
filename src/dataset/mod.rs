//! Photographs and what is known of them: from metadata to a dataset folder. Knows nothing of tensors.
//!
//! On its way there ([`prepare`]): [`metadata`] → [`images`] on disk → [`near_duplicates`] → [`plan`] ([`duplicates`], [`hold_out`],
//! [`split`], [`folds`]) → [`pack`].
//! A dataset folder holds `manifest.csv` ([`manifest`]), `pixels.bin` ([`pixels`]) and `dataset.json`
//! ([`info`]); [`Dataset::open`] reads all three, and [`check`] proves them.

pub mod check;
pub mod drawn;
pub mod duplicates;
pub mod findings;
pub mod flow;
pub mod folder;
pub mod folds;
pub mod hold_out;
pub mod images;
pub mod info;
pub mod manifest;
pub mod metadata;
pub mod near_duplicates;
pub mod pack;
pub mod pixels;
pub mod plan;
pub mod prepare;
pub mod sample;
pub mod shares;
pub mod split;

pub use folder::Dataset;
pub use info::DatasetInfo;
pub use sample::{Part, Sample};
