//! training.
