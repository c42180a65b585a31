//! Access to libtorch: devices, threads, capabilities of the installed build, and custom operators in C++.

pub mod batch_norm_relu6;
pub mod capabilities;
pub mod device;
pub mod inverted_residual;
pub mod manual_seed;
pub mod memory;
pub mod strides;
pub mod tensor_from_bytes;
pub mod threads;
