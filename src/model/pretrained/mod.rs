//! Pretrained weights, from a file or torchvision's ImageNet weights.
//!
//! [`load`] finds or downloads the file ([`crate::cache::cache_folder`], `download`), reads it (`pth`, or safetensors),
//! and checks the name, shape and type of every tensor (`match_state_dict`).

mod download;
mod match_state_dict;
mod pickle;
pub mod pth;
mod strided;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use self::download::{Remote, fetch};
pub use self::match_state_dict::PretrainedWeights;

use super::architecture::Network;
use super::state_dict::{self, NamedTensors};
use crate::cache::cache_folder;
use crate::progress::Progress;
use crate::{Error, Result, files, reading};

/// The value of `--weights`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightsSource {
    /// `none`: random initialisation.
    None,
    /// `imagenet`: torchvision's ImageNet weights, from the user's cache or downloaded into it.
    ImageNet,
    /// Any other value: a file in the safetensors format or one of PyTorch's.
    File(PathBuf),
}

impl FromStr for WeightsSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Self::None,
            "imagenet" => Self::ImageNet,
            path => Self::File(path.into()),
        })
    }
}

impl fmt::Display for WeightsSource {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::None => out.write_str("none"),
            Self::ImageNet => out.write_str("imagenet"),
            Self::File(path) => write!(out, "{}", path.display()),
        }
    }
}

/// Finds, reads and checks weights for `network`. Returns `None` only for [`WeightsSource::None`].
///
/// Every tensor of the base must exist in its shape, with finite floating-point values. The head is used if its number
/// of classes is the network's.
pub fn load(
    source: &WeightsSource,
    network: &Network,
    progress: &dyn Progress,
) -> Result<Option<PretrainedWeights>> {
    match source {
        WeightsSource::None => Ok(None),
        WeightsSource::ImageNet => {
            let path = fetch(&Remote::from_environment()?, &cache_folder(), progress)?;
            load_file(&path, network, "ImageNet weights of torchvision").map(Some)
        }
        WeightsSource::File(path) => load_file(path, network, "weights").map(Some),
    }
}

fn load_file(path: &Path, network: &Network, kind: &str) -> Result<PretrainedWeights> {
    let (tensors, digest) = read(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let origin = format!(
        "{kind}, {} (sha256 {})",
        name.to_string_lossy(),
        &digest[..16]
    );
    self::match_state_dict::match_state_dict(path, tensors, network, origin)
}

/// Reads a file in either format, which is detected from its first bytes. Also returns the file's SHA-256.
fn read(path: &Path) -> Result<(NamedTensors, String)> {
    let length = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            return Err(Error::file(
                path,
                "this is a folder, not a weights file",
                "Pass the .safetensors, .pth or .pt file in it.",
            ));
        }
        Ok(found) => found.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::file(
                path,
                "the weights file does not exist",
                "Pass a .safetensors, .pth or .pt file, or imagenet, or none.",
            ));
        }
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    if length > reading::MAX_NETWORK {
        return Err(Error::file(
            path,
            format!(
                "the file is too large for a MobileNetV2 ({} MB)",
                length / 1_000_000
            ),
            "Pass a file that contains only the network's weights.",
        ));
    }
    let bytes = reading::read(path, reading::MAX_NETWORK)?;
    let tensors = if pth::is_pth(&bytes) {
        pth::read(path, &bytes)?
    } else {
        state_dict::parse_safetensors(path, &bytes)?.0
    };
    Ok((tensors, files::sha256(&bytes)))
}
