//! `skinlesion predict`.
