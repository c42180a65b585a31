//! Files that are already there.

use std::path::Path;

use skinlesion::Error;

/// Refuses to write over a file that exists, unless told to.
pub fn refuse_existing(out: &Path, force: bool) -> skinlesion::Result<()> {
    match out.exists() && !force {
        true => Err(Error::Exists(out.to_owned())),
        false => Ok(()),
    }
}
