//! Digests by which a changed byte is found: within a JSON file ([`sealed`]), of the files of a folder ([`sums`]), and
//! of a large file, checked once ([`once`]).

pub mod once;
pub mod sealed;
pub mod sums;

use std::path::Path;

use crate::Error;

/// The error about a file whose bytes are not those that were written. `found_by` is where its digest is, such as
/// "SHA256SUMS".
pub fn changed(path: &Path, found_by: &str, remedy: &str) -> Error {
    Error::file(
        path,
        format!(
            "its SHA-256 is not the one in {found_by}: the file has changed since it was written, or is damaged"
        ),
        remedy,
    )
}
