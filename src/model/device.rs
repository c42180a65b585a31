//! Selection of the device and of the number of CPU threads.

use crate::Result;

#[cfg(feature = "torch")]
pub use tch::Device;

/// The device that networks run on: without libtorch, the CPU.
#[cfg(not(feature = "torch"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The CPU.
    Cpu,
}

/// Parses `auto`, `cpu`, `cuda`, `cuda:N` or `mps`. Refuses a device that is not available.
#[cfg(feature = "torch")]
pub fn parse(text: &str) -> Result<Device> {
    super::libtorch::device::parse(text)
}

/// Parses `auto` or `cpu`. Refuses any other device.
#[cfg(not(feature = "torch"))]
pub fn parse(text: &str) -> Result<Device> {
    match text {
        "auto" | "cpu" => Ok(Device::Cpu),
        other => Err(crate::Error::needs_libtorch(
            format!("--device {other}"),
            "only the CPU is supported",
        )),
    }
}

/// Sets the number of CPU threads; 0 means all cores. Must be called once, before any computation.
pub fn configure(threads: usize) {
    #[cfg(feature = "torch")]
    {
        super::libtorch::memory::keep_freed_memory();
        if threads > 0 {
            tch::set_num_threads(threads as i32);
        }
    }
    if threads > 0 {
        // Fails only if the pool is already running, whose size cannot be changed.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
    }
}
