//! What `skinlesion doctor` looks at in libtorch, and for training.

use std::path::Path;

use skinlesion::cache::cache_folder;
use skinlesion::model::architecture::Architecture;
use skinlesion::model::libtorch::capabilities;
use skinlesion::model::pretrained::{self, Remote, WeightsSource};
use skinlesion::progress::Silent;
use tch::Device;

use super::finding::{Finding, missing, none, ok};
use crate::terminal::Session;

const GET_LIBTORCH: &str = "Get the one that fits with scripts/libtorch, and build again.";
const GET_CUDA: &str = "Get libtorch with CUDA: TORCH=cuda make build (3.7 GB).";
const UPDATE_DRIVER: &str = "Is the NVIDIA driver new enough for this CUDA, and CUDA_VISIBLE_DEVICES right? `nvidia-smi` tells.";

/// The findings, by name. The program cannot be used if "arithmetic" is not ok.
pub fn findings(weights_source: &WeightsSource, session: &Session) -> Vec<(&'static str, Finding)> {
    vec![
        ("libtorch", version()),
        ("arithmetic", arithmetic(session)),
        ("device", device(session)),
        ("CUDA", cuda()),
        ("MPS", mps()),
        ("threads", threads()),
        ("bf16", bf16()),
        ("cache", cache()),
        (
            "weights",
            weights(weights_source).unwrap_or_else(Finding::from),
        ),
    ]
}

fn version() -> Finding {
    let (found, expected) = (capabilities::version(), capabilities::EXPECTED_VERSION);
    if found == expected {
        return ok(found);
    }
    let detail = format!("{found}, but this program was written for {expected}");
    missing(detail, GET_LIBTORCH)
}

/// On the device that the other verbs would use; on the CPU if that one is not there.
fn arithmetic(session: &Session) -> Finding {
    let device = session.device().unwrap_or(Device::Cpu);
    match capabilities::check_arithmetic(device) {
        Ok(()) => ok(format!("a convolution on {} is right", name_of(device))),
        Err(error) => missing(error.to_string(), GET_LIBTORCH),
    }
}

fn device(session: &Session) -> Finding {
    let asked = &session.global.device;
    match session.device() {
        Ok(device) => ok(format!("--device {asked} means {}", name_of(device))),
        Err(error) => {
            let error = error.to_string();
            let problem = error.lines().next().unwrap_or_default();
            missing(
                problem,
                "See CUDA and MPS below; --device cpu always works.",
            )
        }
    }
}

/// As --device takes it.
fn name_of(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn cuda() -> Finding {
    let driver = Path::new("/proc/driver/nvidia/version").exists();
    let Some(cuda) = capabilities::cuda() else {
        return match driver {
            true => missing("an NVIDIA driver, but a libtorch without CUDA", GET_CUDA),
            false => none("libtorch without CUDA; no NVIDIA driver"),
        };
    };
    let (runtime, devices) = (cuda.runtime, cuda.devices);
    let cudnn = cuda.cudnn.unwrap_or("none".into());
    match (devices, driver) {
        (1.., _) => ok(format!("{runtime}, cuDNN {cudnn}, devices: {devices}")),
        (_, false) => none(format!("linked ({runtime}); no NVIDIA driver")),
        (_, true) => {
            let detail = format!("linked ({runtime}), but no device can be used");
            missing(detail, UPDATE_DRIVER)
        }
    }
}

fn mps() -> Finding {
    match tch::utils::has_mps() {
        true => ok("--device mps can be used"),
        false if cfg!(target_os = "macos") => none("libtorch without Metal"),
        false => none("only on macOS"),
    }
}

fn threads() -> Finding {
    let used = tch::get_num_threads();
    let cores = std::thread::available_parallelism().map_or("unknown".into(), |n| n.to_string());
    ok(format!("{used} for libtorch; cores: {cores}"))
}

fn bf16() -> Finding {
    match capabilities::native_bf16() {
        Some(found) if !found.is_empty() => ok(format!("native: {}", found.join(", "))),
        Some(_) => none("not native on this CPU: no faster than f32"),
        None => none("not known for this CPU"),
    }
}

fn cache() -> Finding {
    let folder = cache_folder();
    let shown = folder.display();
    if folder.is_dir() {
        ok(shown.to_string())
    } else if folder.exists() {
        let detail = format!("{shown} is not a folder");
        missing(detail, "Set SKINLESION_CACHE to a folder.")
    } else {
        ok(format!("{shown}, made when it is first needed"))
    }
}

fn weights(source: &WeightsSource) -> skinlesion::Result<Finding> {
    let remote = Remote::from_environment()?;
    let kept = remote.path_in(&cache_folder());
    if *source == WeightsSource::ImageNet && !kept.is_file() {
        let remedy = format!(
            "`skinlesion train --weights imagenet` fetches it from {} (14 MB); or fetch it by hand and put it there, \
             or pass another file with --weights FILE.",
            remote.url
        );
        return Ok(missing(format!("{} is not there", kept.display()), remedy));
    }
    // Whatever is in the cache is looked at as a file, so that nothing is downloaded here.
    let file = match source {
        WeightsSource::ImageNet => WeightsSource::File(kept),
        other => other.clone(),
    };
    let loaded = pretrained::load(&file, &Architecture::new(2).network(), &Silent)?;
    Ok(match loaded {
        Some(loaded) => ok(format!("{file}: {}", loaded.summary())),
        None => none("none asked for"),
    })
}
