//! Photographs that show the same skin under different lesion ids, which a split by lesion cannot keep together.
//!
//! The search has two steps: a perceptual hash finds candidates whichever way they were turned, and a close fingerprint
//! at their fine structure ([`similarity`]) keeps those that are the same skin. What is found is told in
//! `near_duplicates.csv` ([`record`]) and shown in `near_duplicates.html` ([`page`]).

pub mod fingerprint;
pub mod groups;
mod local_contrast;
pub mod page;
pub mod search;
pub mod summary;
pub mod table;
