//! Near-duplicates: images that show the same skin under different lesion ids. A split by lesion alone can separate
//! them.
//!
//! The search has two steps. A perceptual hash finds candidates under any symmetry of the square. Then the correlation
//! of their local contrast selects the pairs that show the same skin ([`fingerprint`]). The pairs are written to
//! `near_duplicates.csv` ([`table`]) and shown in `near_duplicates.html` ([`page`]).

pub mod fingerprint;
pub mod groups;
mod local_contrast;
pub mod page;
mod perceptual_hash;
pub mod search;
pub mod summary;
pub mod table;
