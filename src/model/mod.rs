//! The network: one description of its layers ([`layers`]), what libtorch runs ([`mobilenet_v2`]),
//! where weights come from ([`weights`]) and how they are kept ([`checkpoint`]). Knows nothing of image files.

pub mod architecture;
pub mod checkpoint;
pub mod checkpoint_metadata;
pub mod fuse;
pub mod inference_network;
pub mod input;
pub mod libtorch;
pub mod mobilenet_v2;
pub mod model_soup;
pub mod output;
pub mod pretrained;
pub mod state_dict;
