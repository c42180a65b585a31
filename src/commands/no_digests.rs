//! Notes about files of older versions, which carry no digests: damage to them is not found.

use std::path::Path;

use skinlesion::artifact::exported_file::is_exported;
use skinlesion::artifact::package;
use skinlesion::dataset::{DatasetInfo, info};
use skinlesion::inference::open;
use skinlesion::integrity::sums;
use skinlesion::model::safetensors_digest;
use skinlesion::progress::Progress;

use crate::terminal::Session;

/// Says so of a network, if it carries none.
pub fn note_network(path: &Path, session: &Session) {
    let file = open::locate(path);
    let has_digest = match is_exported(&file) {
        true => file.with_file_name(sums::FILE).exists() || package::listed_digest(&file).is_some(),
        false => safetensors_digest::is_in(&file),
    };
    if !has_digest {
        say(&file, session);
    }
}

/// Says so of a dataset, if it carries none.
pub fn note_dataset(path: &Path, description: &DatasetInfo, session: &Session) {
    if description.digests.is_none() {
        say(&path.join(info::FILE), session);
    }
}

fn say(path: &Path, session: &Session) {
    session.say(&format!(
        "note: {} carries no digest, as files of older versions, so that damage to it cannot be found",
        path.display()
    ));
}
