//! The files of a run, and its resumption after a stop.

pub mod folder;
pub mod metadata;
pub mod train_state;
