//! The network: the description of its layers ([`architecture`]), its training ([`mobilenet_v2`]) and inference
//! ([`inference_network`]) with libtorch, pretrained weights ([`pretrained`]) and checkpoints ([`checkpoint`]).

pub mod architecture;
#[cfg(feature = "torch")]
pub mod checkpoint;
pub mod checkpoint_metadata;
mod cost;
pub mod device;
#[cfg(feature = "torch")]
pub mod fuse;
#[cfg(feature = "torch")]
pub mod inference_network;
#[cfg(feature = "torch")]
pub mod input;
#[cfg(feature = "torch")]
pub mod libtorch;
#[cfg(feature = "torch")]
pub mod mobilenet_v2;
#[cfg(feature = "torch")]
pub mod model_soup;
#[cfg(feature = "torch")]
pub mod novelty;
pub mod novelty_rule;
#[cfg(feature = "torch")]
pub mod output;
#[cfg(feature = "torch")]
pub mod pretrained;
pub mod safetensors_digest;
pub mod seen;
#[cfg(feature = "torch")]
pub mod state_dict;
