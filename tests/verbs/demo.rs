//! `skinlesion demo`.
