//! `skinlesion eval`.
