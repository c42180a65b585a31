//! `skinlesion export`.
