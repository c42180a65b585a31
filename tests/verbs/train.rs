//! `skinlesion train`.
