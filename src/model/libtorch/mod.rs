//! libtorch itself: devices, threads, what this build of it can do, and our own operators in C++.

pub mod batch_norm_relu6;
pub mod capabilities;
pub mod device;
pub mod memory;
pub mod strides;
pub mod threads;
