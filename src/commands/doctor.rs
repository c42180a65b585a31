//! `skinlesion doctor`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use skinlesion::dataset::Dataset;
use skinlesion::model::architecture::Architecture;
use skinlesion::model::libtorch::capabilities;
use skinlesion::model::pretrained;
use skinlesion::model::pretrained::{Remote, WeightsSource, cache_folder};
use skinlesion::progress::Silent;
use tch::Device;

use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// The dataset folder to look for; name yours if it lies elsewhere
    #[arg(long, value_name = "DIR", default_value = "data/ham10000")]
    data: PathBuf,

    /// Weights to look at: a file, which is read and checked against the network of width 1, or imagenet
    #[arg(long, value_name = "FILE|imagenet", default_value = "imagenet")]
    weights: WeightsSource,
}

const GET_LIBTORCH: &str = "Get the one that fits with scripts/libtorch, and build again.";
const GET_CUDA: &str = "Get libtorch with CUDA: TORCH=cuda make build (about 4 GB).";
const GET_DATA: &str = "Get HAM10000 (CC BY-NC 4.0, 3 GB): kaggle.com/datasets/kmader/skin-cancer-mnist-ham10000, \
    Harvard Dataverse doi:10.7910/DVN/DBW86T, or the ISIC archive (ISIC 2018, task 3). Then: skinlesion prepare \
    --metadata HAM10000_metadata.csv --images FOLDER --out";

/// One thing that was looked at.
struct Finding {
    name: &'static str,
    state: State,
    detail: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// It is there and works.
    Ok,
    /// It is not there, and nothing here could use it.
    None,
    /// It is not there or not right, and the remedy says what to do.
    Missing,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let computes = computes(session);
    let failed = computes.state != State::Ok;
    let findings = [
        version(),
        computes,
        device(session),
        cuda(),
        mps(),
        threads(),
        cpu(),
        bf16(),
        cache(),
        weights(&args.weights),
        data(&args.data),
    ];
    Ok(Summary {
        text: table(&findings),
        json: as_json(&findings, !failed),
        failed,
        ..Summary::default()
    })
}

fn version() -> Finding {
    let (found, expected) = (capabilities::version(), capabilities::EXPECTED_VERSION);
    if found == expected {
        return ok("libtorch", found);
    }
    let detail = format!("{found}, but this program was written for {expected}");
    missing("libtorch", detail, GET_LIBTORCH)
}

/// On the device that the other verbs would use; on the CPU if that one is not there.
fn computes(session: &Session) -> Finding {
    let device = session.device().unwrap_or(Device::Cpu);
    match capabilities::check_arithmetic(device) {
        Ok(()) => ok(
            "arithmetic",
            format!("a convolution on {} is right", name_of(device)),
        ),
        Err(error) => missing("arithmetic", error.to_string(), GET_LIBTORCH),
    }
}

fn device(session: &Session) -> Finding {
    let asked = &session.global.device;
    match session.device() {
        Ok(device) => ok(
            "device",
            format!("--device {asked} means {}", name_of(device)),
        ),
        Err(error) => {
            let error = error.to_string();
            let problem = error.lines().next().unwrap_or_default();
            let remedy = "See CUDA and MPS below; --device cpu always works.";
            missing("device", problem, remedy)
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
    match capabilities::cuda() {
        Some(cuda) if cuda.devices > 0 => {
            let cudnn = cuda.cudnn.unwrap_or("none".into());
            let (runtime, devices) = (cuda.runtime, cuda.devices);
            ok(
                "CUDA",
                format!("{runtime}, cuDNN {cudnn}, devices: {devices}"),
            )
        }
        Some(cuda) if driver => missing(
            "CUDA",
            format!("linked ({}), but no device can be used", cuda.runtime),
            "Is the NVIDIA driver new enough for this CUDA, and CUDA_VISIBLE_DEVICES right? `nvidia-smi` tells.",
        ),
        Some(cuda) => none(
            "CUDA",
            format!("linked ({}); no NVIDIA driver", cuda.runtime),
        ),
        None if driver => missing(
            "CUDA",
            "an NVIDIA driver, but a libtorch without CUDA",
            GET_CUDA,
        ),
        None => none("CUDA", "libtorch without CUDA; no NVIDIA driver"),
    }
}

fn mps() -> Finding {
    if tch::utils::has_mps() {
        ok("MPS", "--device mps can be used")
    } else if cfg!(target_os = "macos") {
        none("MPS", "libtorch without Metal")
    } else {
        none("MPS", "only on macOS")
    }
}

fn threads() -> Finding {
    let used = tch::get_num_threads();
    let cores = std::thread::available_parallelism().map_or("unknown".into(), |n| n.to_string());
    ok("threads", format!("{used} for libtorch; cores: {cores}"))
}

fn cpu() -> Finding {
    match capabilities::cpu_capability() {
        Some(capability) => ok("CPU kernels", capability),
        None => none("CPU kernels", "libtorch's choice is not known here"),
    }
}

fn bf16() -> Finding {
    match capabilities::native_bf16() {
        Some(found) if !found.is_empty() => ok("bf16", format!("native: {}", found.join(", "))),
        Some(_) => none("bf16", "not native on this CPU: no faster than f32"),
        None => none("bf16", "not known for this CPU"),
    }
}

fn cache() -> Finding {
    let folder = cache_folder();
    let shown = folder.display();
    if folder.is_dir() {
        ok("cache", shown.to_string())
    } else if folder.exists() {
        let remedy = "Set SKINLESION_CACHE to a folder.";
        missing("cache", format!("{shown} is not a folder"), remedy)
    } else {
        ok("cache", format!("{shown}, made when it is first needed"))
    }
}

fn weights(source: &WeightsSource) -> Finding {
    let network = Architecture::default().network();
    let remote = match Remote::from_environment() {
        Ok(remote) => remote,
        Err(error) => return from_error("weights", &error),
    };
    let kept = remote.path_in(&cache_folder());
    if *source == WeightsSource::ImageNet && !kept.is_file() {
        return missing(
            "weights",
            format!("{} is not there", kept.display()),
            format!(
                "`skinlesion train --weights imagenet` fetches it from {} (14 MB); or fetch it by hand and put it \
                 there, or pass another file with --weights FILE.",
                remote.url
            ),
        );
    }
    // Whatever is in the cache is looked at as a file, so that nothing is downloaded here.
    let file = match source {
        WeightsSource::ImageNet => WeightsSource::File(kept),
        other => other.clone(),
    };
    match pretrained::load(&file, &network, &Silent) {
        Ok(Some(loaded)) => ok("weights", format!("{file}: {}", loaded.summary())),
        Ok(None) => none("weights", "none asked for"),
        Err(error) => from_error("weights", &error),
    }
}

fn data(folder: &Path) -> Finding {
    if !folder.exists() {
        let detail = format!("{} is not there", folder.display());
        return missing("data", detail, format!("{GET_DATA} {}", folder.display()));
    }
    let dataset = match Dataset::open(folder) {
        Ok(dataset) => dataset,
        Err(error) => return from_error("data", &error),
    };
    let counts = &dataset.info.counts;
    let [train, val, test] =
        [counts.train, counts.val, counts.test].map(|part| part.iter().sum::<usize>());
    let (shown, images) = (folder.display(), dataset.rows.len());
    ok(
        "data",
        format!("{shown}: {images} images ({train} train, {val} val, {test} test)"),
    )
}

fn ok(name: &'static str, detail: impl Into<String>) -> Finding {
    finding(name, State::Ok, detail.into(), None)
}

fn none(name: &'static str, detail: impl Into<String>) -> Finding {
    finding(name, State::None, detail.into(), None)
}

fn missing(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
    finding(name, State::Missing, detail.into(), Some(remedy.into()))
}

/// The library's errors say what is wrong on their first line and the remedy on the second.
fn from_error(name: &'static str, error: &skinlesion::Error) -> Finding {
    let text = error.to_string();
    let (detail, remedy) = text.split_once('\n').unwrap_or((&text, ""));
    let remedy = Some(remedy.trim().to_owned()).filter(|words| !words.is_empty());
    finding(name, State::Missing, detail.to_owned(), remedy)
}

fn finding(name: &'static str, state: State, detail: String, remedy: Option<String>) -> Finding {
    Finding {
        name,
        state,
        detail,
        remedy,
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::None => "none",
            Self::Missing => "missing",
        }
    }
}

fn table(findings: &[Finding]) -> String {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let mut text = format!("{} on {system} {processor}\n\n", program());
    for Finding {
        name,
        state,
        detail,
        remedy,
    } in findings
    {
        let start = format!("{:7}  {name:11}  ", state.word());
        text.push_str(&indented(&start, detail));
        if let Some(remedy) = remedy {
            text.push_str(&indented(&format!("{:22}→ ", ""), remedy));
        }
    }
    text
}

/// `start`, then the words in lines of about 100 columns, all beginning where the first one does.
fn indented(start: &str, words: &str) -> String {
    let indent = start.chars().count();
    let mut lines = vec![start.to_owned()];
    for word in words.split(' ') {
        let column = lines.last().map_or(0, |line| line.chars().count());
        if column > indent && column + word.chars().count() > 100 {
            lines.push(" ".repeat(indent));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
            line.push(' ');
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    format!("{}\n", lines.join("\n"))
}

fn as_json(findings: &[Finding], healthy: bool) -> Value {
    let checks: Map<String, Value> = findings
        .iter()
        .map(|finding| {
            let value = json!({
                "state": finding.state.word(),
                "detail": finding.detail,
                "remedy": finding.remedy,
            });
            let key = finding.name.to_lowercase().replace(' ', "_");
            (key, value)
        })
        .collect();
    json!({ "program": program(), "healthy": healthy, "checks": checks })
}

fn program() -> String {
    format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}
