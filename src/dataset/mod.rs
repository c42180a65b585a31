//! Dataset folders, and how they are built from metadata and photographs. Uses no tensors.
//!
//! [`build::prepare`] runs [`tables`] ([`metadata`], [`labels`]) → [`image_files`] → [`pack`] → [`near_duplicates`] →
//! [`plan`] ([`duplicates`], [`hold_out`], [`split`], [`strata`], [`folds`]). A dataset folder holds `manifest.csv`
//! ([`manifest`]), `pixels.bin` ([`pixels`]) and `dataset.json` ([`info`]). [`Dataset::open`] reads all three, and
//! [`validate`](mod@validate) checks them in full.

pub mod build;
mod class_choice;
pub mod class_folders;
pub mod duplicates;
pub mod findings;
pub mod flow;
pub mod fold_counts;
pub mod folder;
pub mod folds;
pub mod group_by;
pub mod hold_out;
pub mod image_files;
pub mod info;
pub mod label_rules;
pub mod labels;
pub mod manifest;
pub mod metadata;
pub mod near_duplicates;
pub mod pack;
pub mod part;
pub mod pixels;
pub mod plan;
pub mod row_checks;
pub mod sample;
pub mod sources;
pub mod spaced;
pub mod split;
pub mod split_fractions;
pub mod strata;
pub mod tables;
pub mod validate;

pub use self::folder::Dataset;
pub use self::info::DatasetInfo;
pub use self::sample::{Sample, Split};
