//! What the libtorch that this program runs on is and can do.

use tch::{Cuda, Device, Kind, Tensor};

use crate::{Error, Result};

/// The release that `tch` 0.24 binds. Another may start, and then fail anywhere.
pub const EXPECTED_VERSION: &str = "2.11.0";

unsafe extern "C" {
    /// Major, minor and patch in the three highest bytes (torch/headeronly/version.h).
    fn aoti_torch_abi_version() -> u64;
}

/// The version that libtorch itself tells, such as `2.11.0`.
pub fn version() -> String {
    // SAFETY: libtorch_cpu exports it with this type since 2.5; it takes nothing and returns a constant.
    let packed = unsafe { aoti_torch_abi_version() };
    let [major, minor, patch, ..] = packed.to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

/// Whether a convolution on `device` gives the right numbers.
pub fn check_arithmetic(device: Device) -> Result<()> {
    let ones = |shape: &[i64]| Tensor::f_ones(shape, (Kind::Float, device));
    let convolve = || {
        let (image, kernel) = (ones(&[1, 2, 4, 4])?, ones(&[3, 2, 3, 3])?);
        let out = image.f_conv2d(&kernel, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1)?;
        out.f_sum(Kind::Float)?.f_double_value(&[])
    };
    let sum = convolve().map_err(Error::torch(format!("convolving on {device:?}")))?;
    let expected = f64::from(3 * 2 * 2 * 2 * 9); // outputs × places × inputs × kernel
    if sum == expected {
        return Ok(());
    }
    Err(Error::input(
        "libtorch",
        format!("a convolution on {device:?} gives {sum} where {expected} is right"),
        "This libtorch is broken or does not suit this processor: get another with scripts/libtorch.",
    ))
}

/// The CUDA half of libtorch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaHalf {
    /// Version of the CUDA runtime, such as `13.0`.
    pub runtime: String,
    /// Version of cuDNN, such as `9.10.2`, if it can be used.
    pub cudnn: Option<String>,
    /// Devices that can be used.
    pub devices: i64,
}

/// The CUDA half, if it is linked into this program.
pub fn cuda() -> Option<CudaHalf> {
    // The version functions may be asked only then.
    tch::utils::has_cudart().then(|| {
        let runtime = tch::utils::version_cudart(); // 13000 is 13.0
        let usable = Cuda::is_available();
        CudaHalf {
            runtime: format!("{}.{}", runtime / 1000, runtime % 1000 / 10),
            cudnn: (usable && Cuda::cudnn_is_available()).then(|| {
                let version = tch::utils::version_cudnn(); // 91002 is 9.10.2
                let (major, rest) = (version / 10_000, version % 10_000);
                format!("{major}.{}.{}", rest / 100, rest % 100)
            }),
            devices: if usable { Cuda::device_count() } else { 0 },
        }
    })
}

/// The instructions for bf16 arithmetic that the processor has, by the system's names for them; empty if it
/// has none, so that libtorch computes bf16 by way of f32. `None` if that cannot be asked here.
pub fn native_bf16() -> Option<Vec<&'static str>> {
    processor::bf16()
}

#[cfg(target_arch = "x86_64")]
mod processor {
    use std::arch::is_x86_feature_detected as has;

    pub fn bf16() -> Option<Vec<&'static str>> {
        let mut found = Vec::new();
        if has!("avx512bf16") {
            found.push("avx512_bf16");
        }
        // Rust cannot ask for AMX yet; Linux tells.
        let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        if flags.split_whitespace().any(|flag| flag == "amx_bf16") {
            found.push("amx_bf16");
        }
        Some(found)
    }
}

#[cfg(target_arch = "aarch64")]
mod processor {
    pub fn bf16() -> Option<Vec<&'static str>> {
        let has = std::arch::is_aarch64_feature_detected!("bf16");
        Some(if has { vec!["bf16"] } else { Vec::new() })
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod processor {
    pub fn bf16() -> Option<Vec<&'static str>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_libtorch_that_the_bindings_are_for() {
        assert_eq!(version(), EXPECTED_VERSION);
    }

    #[test]
    fn it_computes() {
        check_arithmetic(Device::Cpu).unwrap();
    }
}
