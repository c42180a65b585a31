//! Where pretrained weights come from.
#![allow(missing_docs)]
use super::layers::Network;
use super::tensors::{self, NamedTensors};
use crate::{Result, progress::Progress};
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub enum Source {
    None,
    ImageNet,
    File(PathBuf),
}
impl std::str::FromStr for Source {
    type Err = std::convert::Infallible;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(match s {
            "none" => Self::None,
            "imagenet" => Self::ImageNet,
            other => Self::File(other.into()),
        })
    }
}
pub struct Loaded {
    pub tensors: NamedTensors,
}
impl Loaded {
    pub fn summary(&self) -> String {
        "weights".into()
    }
}
pub fn load(
    source: &Source,
    _network: &Network,
    _progress: &dyn Progress,
) -> Result<Option<Loaded>> {
    match source {
        Source::File(path) => Ok(Some(Loaded {
            tensors: tensors::read_safetensors(path)?.0,
        })),
        _ => Ok(None),
    }
}
