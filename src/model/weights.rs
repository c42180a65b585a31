//! Where pretrained weights come from.
