//! `skinlesion prepare`.
