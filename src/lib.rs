//! Trains MobileNetV2 on dermatoscopic images and exports it for phones.
//!
//! Each arrow is one verb of the program:
//! metadata + images → dataset folder → checkpoint → metrics → exported files. `docs/formats.md` describes the files.
//!
//! The modules are layers, from top to bottom. A module may use those below it, never those above it, and no two files
//! use each other. `tests/layers.rs` reads this list and checks every import against it.
//!
//! ```text
//! main            parses the command line, runs a verb, reports
//! cli             the verbs
//! commands        one file a verb: its flags, and what it does from top to bottom
//! terminal        global flags, progress bars, summaries, errors
//! webapp          the phone page: its folder and its server
//! training        transfer learning and fine-tuning
//! export          ONNX, TFLite and TorchScript writers, int8 quantization, verification, model card
//! report          charts, tables and HTML
//! evaluation      scoring a split, leakage guard, calibration, comparison, cross-validation
//! inference       classifiers: checkpoint, ONNX, TFLite, TorchScript; test-time augmentation, ensembles, judgement
//! artifact        what an exported file is: formats, input specification, model.json, file names
//! model           MobileNetV2, fused network, checkpoints, pretrained weights, libtorch
//! metrics         true classes and probabilities → metrics
//! synthetic       drawn images with metadata
//! dataset         metadata, split, near-duplicates, dataset folder
//! imaging         decoding, resizing, symmetries, finding image files
//! integrity       digests within files and of folders
//! cache           the user's cache folder
//! files           atomic writes, locks, hashes
//! probabilities   the probabilities of the classes
//! classes         lists of classes
//! reading         bounded reading of regular files
//! progress        what a long task reports to
//! error           the error type
//! ```
//!
//! The library never prints: it reports to a [`progress::Progress`] and returns values and [`Error`]s.

pub mod artifact;
pub mod cache;
pub mod classes;
pub mod dataset;

mod error;
pub mod evaluation;
#[cfg(feature = "torch")]
pub mod export;
pub mod files;
pub mod imaging;
pub mod inference;
pub mod integrity;
pub mod metrics;
pub mod model;
pub mod probabilities;
pub mod progress;
pub mod reading;
pub mod report;
pub mod synthetic;
#[cfg(feature = "torch")]
pub mod training;
pub mod webapp;

pub use crate::classes::{Class, ClassList};
pub use crate::error::{Error, Result};

/// Shown wherever a person reads a result.
pub const DISCLAIMER: &str =
    "Research software, not a medical device: do not use it to diagnose or to decide on treatment.";

/// The seed when none is given.
pub const DEFAULT_SEED: u64 = 1234;
