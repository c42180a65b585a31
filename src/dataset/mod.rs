//! Photographs and what is known of them: from metadata to a dataset folder. Knows nothing of tensors.
//!
//! On its way there ([`prepare`]): [`metadata`] → [`images`] on disk → [`near_duplicates`] → [`plan`] ([`duplicates`], [`hold_out`],
//! [`split`], [`folds`]) → [`pack`].
//! A dataset folder holds `manifest.csv` ([`manifest`]), `pixels.bin` ([`pixels`]) and `dataset.json`
//! ([`info`]); [`Dataset::open`] reads all three, and [`check`] proves them.

pub mod build;
pub mod duplicates;
pub mod findings;
pub mod flow;
pub mod fold_counts;
pub mod folder;
pub mod folds;
pub mod hold_out;
pub mod image_files;
pub mod info;
pub mod manifest;
pub mod metadata;
pub mod near_duplicates;
pub mod pack;
pub mod pixels;
pub mod plan;
pub mod row_checks;
pub mod sample;
pub mod split;
pub mod split_fractions;
pub mod validate;

pub use self::folder::Dataset;
pub use self::info::DatasetInfo;
pub use self::sample::{Sample, Split};
