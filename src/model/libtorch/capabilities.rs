//! Version and capabilities of the loaded libtorch.

use tch::{Cuda, Device, Kind, Tensor};

use crate::{Error, Result};

/// The version that `tch` 0.24 binds. Another version may load and fail later.
pub const EXPECTED_VERSION: &str = "2.11.0";

unsafe extern "C" {
    /// Major, minor and patch in the three highest bytes (torch/headeronly/version.h).
    fn aoti_torch_abi_version() -> u64;
}

/// The version that libtorch reports, such as `2.11.0`.
pub fn version() -> String {
    // SAFETY: libtorch_cpu exports this function with this type since 2.5. It has no arguments and returns a constant.
    let packed = unsafe { aoti_torch_abi_version() };
    let [major, minor, patch, ..] = packed.to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

/// Checks that a convolution on `device` computes the right result.
pub fn check_arithmetic(device: Device) -> Result<()> {
    let ones = |shape: &[i64]| Tensor::f_ones(shape, (Kind::Float, device));
    let convolve = || {
        let (image, kernel) = (ones(&[1, 2, 4, 4])?, ones(&[3, 2, 3, 3])?);
        let out = image.f_conv2d(&kernel, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1)?;
        out.f_sum(Kind::Float)?.f_double_value(&[])
    };
    let sum = convolve().map_err(Error::torch(format!("convolving on {device:?}")))?;
    let expected = f64::from(3 * 2 * 2 * 2 * 9); // outputs × positions × inputs × kernel
    if sum == expected {
        return Ok(());
    }
    Err(Error::input(
        "libtorch",
        format!("a convolution on {device:?} returns {sum} instead of {expected}"),
        "This libtorch is broken or does not support this processor: install another with scripts/libtorch.",
    ))
}

/// The CUDA part of libtorch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaHalf {
    /// Version of the CUDA runtime, such as `13.0`.
    pub runtime: String,
    /// Version of cuDNN, such as `9.10.2`, if it is usable.
    pub cudnn: Option<String>,
    /// Number of usable devices.
    pub devices: i64,
}

/// The CUDA part of libtorch, if it is linked into this program.
pub fn cuda() -> Option<CudaHalf> {
    // The version functions must not be called otherwise.
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

/// The processor's instruction sets for bf16 arithmetic, by the operating system's names. Empty if there are none, so
/// that libtorch computes bf16 in f32. `None` if this cannot be determined.
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
        // Rust cannot detect AMX yet, so this reads Linux's /proc/cpuinfo.
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
    fn the_version_is_that_of_the_bindings() {
        assert_eq!(version(), EXPECTED_VERSION);
    }

    #[test]
    fn a_convolution_on_the_cpu_is_correct() {
        check_arithmetic(Device::Cpu).unwrap();
    }
}
