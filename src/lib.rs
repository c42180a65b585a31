//! From dermatoscopic photographs to a small network on a phone.
//!
//! Data flows one way, and each arrow is one verb of the program:
//! metadata + images → [`dataset`] (manifest + pixels) → [`training`] (checkpoint) → [`metrics`] → [`export`] (files for the phone).
//!
//! The library never prints: it reports to a [`progress::Progress`] and returns values and [`Error`]s.
//! What is on disk at each station is described in `docs/formats.md`.

pub mod classifier;
pub mod dataset;
pub mod diagnosis;
pub mod engines;
mod error;
pub mod evaluation;
pub mod export;
pub mod files;
pub mod metrics;
pub mod model;
pub mod phone;
pub mod photographs;
pub mod preprocess;
pub mod progress;
pub mod report;
pub mod training;

pub use diagnosis::Diagnosis;
pub use error::{Error, Result};

/// Said wherever a person reads a result.
pub const DISCLAIMER: &str =
    "Research software, not a medical device: do not use it to diagnose or to decide on treatment.";

/// The seed when none is given.
pub const DEFAULT_SEED: u64 = 1234;
