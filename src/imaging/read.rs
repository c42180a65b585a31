//! Reading of photographs as input of the network.

use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::decode::decode;
use super::find::is_stdin;
use super::resize::{ResizeRule, resize};
use super::{kind, shape};
use crate::{Error, Result, reading};

/// The most bytes that are read from standard input: 256 MiB.
const MOST_BYTES: u64 = 256 << 20;

/// Why a photograph was not prepared.
#[derive(Debug)]
pub struct Refusal {
    /// The message.
    pub error: Error,
    /// Whether it is a readable picture of a shape that no dermatoscope takes ([`shape::refusal`]).
    pub by_shape: bool,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            error,
            by_shape: false,
        }
    }
}

/// A photograph's path, and its prepared pixels or why there are none.
pub type Prepared = (PathBuf, Result<Vec<u8>, Refusal>);

/// Reads an image file or standard input (`-`), and resizes it by `rule` to the network's input size.
pub fn read_image(path: &Path, rule: ResizeRule) -> Result<Vec<u8>, Refusal> {
    let bytes = read_bytes(path)?;
    let image = decode(&bytes).map_err(|reason| unreadable(path, &bytes, &reason))?;
    if let Some(reason) = shape::refusal(image.width(), image.height()) {
        return Err(Refusal {
            error: Error::file(
                path,
                format!("not a dermatoscopic photograph ({reason})"),
                "Pass the photograph as the dermatoscope took it.",
            ),
            by_shape: true,
        });
    }
    Ok(resize(&image, rule))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    if !is_stdin(path) {
        return reading::read(path, reading::MAX_PHOTOGRAPH);
    }
    let mut bytes = Vec::new();
    let mut limited = std::io::stdin().lock().take(MOST_BYTES + 1);
    limited
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    match bytes.len() as u64 > MOST_BYTES {
        true => Err(Error::file(path, "more than 256 MiB", "Pass one image.")),
        false => Ok(bytes),
    }
}

fn unreadable(path: &Path, bytes: &[u8], reason: &image::ImageError) -> Error {
    let problem = match kind::unread(bytes) {
        None if bytes.is_empty() => "is empty".to_owned(),
        Some(kind) => format!("{kind} images are not read"),
        None => format!("not a readable image ({reason})"),
    };
    let remedy = match kind::unread(bytes) {
        Some(_) => format!("Convert it to {}.", kind::NAMES),
        None => format!("Replace it with a valid {} file.", kind::NAMES),
    };
    Error::file(path, problem, remedy)
}

/// Reads and resizes the photographs that [`super::find::find`] found, in parallel and in their order.
pub fn prepare(images: Vec<(PathBuf, Result<()>)>, rule: ResizeRule) -> Vec<Prepared> {
    let images = images.into_par_iter();
    let prepared = images.map(|(path, found)| {
        let read = found.map_err(Refusal::from);
        let read = read.and_then(|()| read_image(&path, rule));
        (path, read)
    });
    prepared.collect()
}
