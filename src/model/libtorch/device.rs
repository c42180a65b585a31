//! Where tensors live, and on how many threads the CPU works.

use tch::{Cuda, Device};

use crate::{Error, Result};

/// Finds the device that `auto`, `cpu`, `cuda`, `cuda:N` or `mps` names, and refuses one that is not there.
pub fn parse(text: &str) -> Result<Device> {
    let index = match text {
        "auto" if Cuda::is_available() => return Ok(Device::Cuda(0)),
        "auto" | "cpu" => return Ok(Device::Cpu),
        "mps" if tch::utils::has_mps() => return Ok(Device::Mps),
        "mps" => {
            return Err(Error::input(
                "--device mps",
                "this libtorch has no Metal support",
                "Use --device cpu, or a macOS build of libtorch.",
            ));
        }
        "cuda" => 0,
        other => match other.strip_prefix("cuda:").map(str::parse) {
            Some(Ok(index)) => index,
            _ => {
                return Err(Error::input(
                    format!("--device {other}"),
                    "no such device",
                    "Say auto, cpu, cuda, cuda:N or mps.",
                ));
            }
        },
    };
    let devices = Cuda::device_count();
    if (index as i64) < devices && Cuda::is_available() {
        return Ok(Device::Cuda(index));
    }
    Err(Error::input(
        format!("--device {text}"),
        match devices {
            0 => "no CUDA device can be used".to_owned(),
            1 => "the only CUDA device is cuda:0".to_owned(),
            n => format!("there are {n} CUDA devices, cuda:0 to cuda:{}", n - 1),
        },
        "`skinlesion doctor` says what is missing; --device cpu always works.",
    ))
}

/// Sets the number of threads of libtorch and of rayon's pool; 0 leaves both to the machine.
pub fn set_threads(threads: usize) {
    if threads > 0 {
        tch::set_num_threads(threads as i32);
        // Fails only if the pool is already running, and then its size is what it is.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
    }
}

/// Keeps freed memory for the next use instead of giving it back to the kernel.
///
/// Every activation of a batch is tens of megabytes. glibc by default maps each anew and unmaps it
/// after, and faulting the pages in again takes as long as the convolutions: without this, evaluation
/// runs at half its rate (`docs/performance.md`).
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets the allocator's parameters, and may be called at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

/// Gives memory that is free and kept back to the kernel. Worth it where the sizes of what is needed change, as with
/// images that grow: blocks of the old sizes would lie about unused.
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim only returns free memory, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
