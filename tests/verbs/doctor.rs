//! `skinlesion doctor`.
