//! The network: one description of its layers ([`layers`]), what libtorch runs ([`mobilenet_v2`]),
//! where weights come from ([`weights`]) and how they are kept ([`checkpoint`]). Knows nothing of image files.

pub mod average;
pub mod checkpoint;
pub mod device;
pub mod fold;
pub mod inference;
pub mod input;
pub mod layers;
pub mod layout;
pub mod libtorch;
pub mod mobilenet_v2;
pub mod norm_relu6;
pub mod tensors;
pub mod threads;
pub mod weights;
