//! The network: one description of its layers ([`layers`]), what libtorch runs ([`mobilenet_v2`]),
//! where weights come from ([`weights`]) and how they are kept ([`checkpoint`]). Knows nothing of image files.

pub mod architecture;
#[cfg(feature = "torch")]
pub mod checkpoint;
pub mod checkpoint_metadata;
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
pub mod output;
#[cfg(feature = "torch")]
pub mod pretrained;
#[cfg(feature = "torch")]
pub mod state_dict;
