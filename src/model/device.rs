//! The device that networks run on, and the threads of the CPU.

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

/// Finds the device that `auto`, `cpu`, `cuda`, `cuda:N` or `mps` names, and refuses one that is not there.
#[cfg(feature = "torch")]
pub fn parse(text: &str) -> Result<Device> {
    super::libtorch::device::parse(text)
}

/// Finds the device that `auto` or `cpu` names, and refuses any other.
#[cfg(not(feature = "torch"))]
pub fn parse(text: &str) -> Result<Device> {
    match text {
        "auto" | "cpu" => Ok(Device::Cpu),
        other => Err(crate::Error::needs_libtorch(
            format!("--device {other}"),
            "only the CPU can be used",
        )),
    }
}

/// Sets the number of threads of the CPU; 0 leaves it to the machine. Called once, before anything is computed.
pub fn configure(threads: usize) {
    #[cfg(feature = "torch")]
    {
        super::libtorch::memory::keep_freed_memory();
        if threads > 0 {
            tch::set_num_threads(threads as i32);
        }
    }
    if threads > 0 {
        // Fails only if the pool is already running, and then its size is what it is.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
    }
}
