//! Selection of a libtorch device.

use tch::{Cuda, Device};

use crate::{Error, Result};

/// Parses `auto`, `cpu`, `cuda`, `cuda:N` or `mps`. Refuses a device that is not available.
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
                    "unknown device",
                    "Use auto, cpu, cuda, cuda:N or mps.",
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
            0 => "no CUDA device is available".to_owned(),
            1 => "the only CUDA device is cuda:0".to_owned(),
            n => format!("there are {n} CUDA devices, cuda:0 to cuda:{}", n - 1),
        },
        "`skinlesion doctor` shows what is missing; --device cpu always works.",
    ))
}
