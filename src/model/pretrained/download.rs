//! Download of ImageNet weights into the cache. The full SHA-256 of a file is checked.

use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;

use crate::progress::Progress;
use crate::reading::MAX_NETWORK;
use crate::{Error, Result, files};

/// torchvision's first ImageNet weights (`IMAGENET1K_V1`, 71.9 % top-1).
const IMAGENET_URL: &str = "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth";

/// SHA-256 of these weights. Its first 8 digits are part of the file name.
const IMAGENET_SHA256: &str = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889";

/// A file to download, and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// URL of the file.
    pub url: String,
    /// SHA-256 as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl Remote {
    /// torchvision's weights. `$SKINLESION_WEIGHTS_URL` sets a mirror. For another file, `$SKINLESION_WEIGHTS_SHA256`
    /// must contain its hash.
    pub fn from_environment() -> Result<Self> {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let url = set("SKINLESION_WEIGHTS_URL").unwrap_or(IMAGENET_URL.to_owned());
        let sha256 = set("SKINLESION_WEIGHTS_SHA256").unwrap_or(IMAGENET_SHA256.to_owned());
        Self::new(url, &sha256)
    }

    /// A file at `url` with this hash.
    pub fn new(url: String, sha256: &str) -> Result<Self> {
        if sha256.len() != 64 || !sha256.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Error::input(
                format!("SKINLESION_WEIGHTS_SHA256={sha256}"),
                "not a SHA-256",
                "Set it to all 64 hexadecimal digits, as sha256sum prints them.",
            ));
        }
        let sha256 = sha256.to_lowercase();
        Ok(Self { url, sha256 })
    }

    /// Path of the file in a cache folder.
    pub fn path_in(&self, cache: &Path) -> PathBuf {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_name = !matches!(name, "" | "." | "..");
        cache
            .join("weights")
            .join(if is_name { name } else { "weights" })
    }

    fn download_error(&self, path: &Path, problem: &str) -> Error {
        Error::input(
            &self.url,
            format!("the download failed: {problem}"),
            format!(
                "Run the command again, or download the file by hand to {}, or pass it with --weights FILE.",
                path.display()
            ),
        )
    }
}

/// Returns the path of the file in the cache folder. Downloads the file if it is not there or is damaged.
pub fn fetch(remote: &Remote, cache: &Path, progress: &dyn Progress) -> Result<PathBuf> {
    let path = remote.path_in(cache);
    if path.is_file() {
        if files::sha256_file(&path)? == remote.sha256 {
            return Ok(path);
        }
        progress.warn(&format!(
            "{} is damaged and will be downloaded again",
            path.display()
        ));
    }
    let folder = path.parent().unwrap_or(cache);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    progress.say(&format!("Downloading {}", remote.url));
    let received = receive(&remote.url, progress);
    progress.finish();
    let bytes = received.map_err(|problem| remote.download_error(&path, &problem))?;
    let found = files::sha256(&bytes);
    if found != remote.sha256 {
        let problem = format!("the SHA-256 must be {}, but is {found}", remote.sha256);
        return Err(remote.download_error(&path, &problem));
    }
    files::write_atomically(&path, &bytes)?;
    Ok(path)
}

/// Downloads a URL. Returns the bytes, or the reason of the failure.
fn receive(url: &str, progress: &dyn Progress) -> Result<Vec<u8>, String> {
    let response = (agent(url).get(url).call()).map_err(|error| format!("no answer ({error})"))?;
    if response.status() != 200 {
        return Err(format!(
            "the server answered {}",
            response.status().as_u16()
        ));
    }
    let body = response.into_body();
    progress.start("weights, kB", body.content_length().unwrap_or(0) / 1000);
    let mut reader = body.into_with_config().limit(MAX_NETWORK).reader();
    let mut bytes = Vec::new();
    loop {
        let before = bytes.len();
        let chunk = (&mut reader).take(64_000).read_to_end(&mut bytes);
        if chunk.map_err(|error| format!("the connection was interrupted ({error})"))? == 0 {
            return Ok(bytes);
        }
        progress.advance((bytes.len() / 1000 - before / 1000) as u64);
    }
}

/// The HTTP client. Status codes are checked by the caller, not turned into errors.
fn agent(url: &str) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)));
    if url.starts_with("http://127.0.0.1:") {
        config = config.proxy(None); // loopback is not reachable through a proxy
    }
    config.build().new_agent()
}
