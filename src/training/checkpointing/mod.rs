//! What a run writes, and how it goes on after a stop.

pub mod folder;
pub mod metadata;
pub mod train_state;
