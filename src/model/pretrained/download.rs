//! Fetching ImageNet weights into the cache. A file is believed only if all of its SHA-256 is right.

use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;

use super::size_limit::MAX_BYTES;
use crate::progress::Progress;
use crate::{Error, Result, files};

/// Torchvision's first ImageNet weights (`IMAGENET1K_V1`, 71.9 % top-1).
const IMAGENET_URL: &str = "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth";

/// Their SHA-256. Torchvision puts its first 8 digits into the file's name.
const IMAGENET_SHA256: &str = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889";

/// What is downloaded, and how it is known to be the right file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where it lies.
    pub url: String,
    /// The SHA-256 as 64 hexadecimal digits in lower case.
    pub sha256: String,
}

impl Remote {
    /// Torchvision's weights. `$SKINLESION_WEIGHTS_URL` names a mirror of them; for another file,
    /// `$SKINLESION_WEIGHTS_SHA256` has to say its hash.
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
                "not a SHA-256, by which a wrong or damaged file is told from the right one",
                "Give all 64 hexadecimal digits, as sha256sum prints them.",
            ));
        }
        let sha256 = sha256.to_lowercase();
        Ok(Self { url, sha256 })
    }

    /// Where the file is kept in a cache folder.
    pub fn path_in(&self, cache: &Path) -> PathBuf {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_name = !matches!(name, "" | "." | "..");
        cache
            .join("weights")
            .join(if is_name { name } else { "weights" })
    }

    fn failed(&self, path: &Path, problem: &str) -> Error {
        Error::input(
            &self.url,
            format!("could not be downloaded: {problem}"),
            format!(
                "Run the command again, or fetch the file by hand and put it at {}, or pass it with --weights FILE.",
                path.display()
            ),
        )
    }
}

/// The path of the file in the cache folder, downloaded first if it is not there.
pub fn fetch(remote: &Remote, cache: &Path, progress: &dyn Progress) -> Result<PathBuf> {
    let path = remote.path_in(cache);
    if path.is_file() {
        if files::sha256_file(&path)? == remote.sha256 {
            return Ok(path);
        }
        progress.warn(&format!(
            "{} is damaged: it is fetched again",
            path.display()
        ));
    }
    let folder = path.parent().unwrap_or(cache);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    progress.say(&format!("Downloading {}", remote.url));
    let received = receive(&remote.url, progress);
    progress.finish();
    let bytes = received.map_err(|problem| remote.failed(&path, &problem))?;
    let found = files::sha256(&bytes);
    if found != remote.sha256 {
        let problem = format!("its SHA-256 should be {}, but is {found}", remote.sha256);
        return Err(remote.failed(&path, &problem));
    }
    files::write_atomically(&path, &bytes)?;
    Ok(path)
}

/// The bytes at a URL, or in words why they did not come.
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
    let mut reader = body.into_with_config().limit(MAX_BYTES).reader();
    let mut bytes = Vec::new();
    loop {
        let before = bytes.len();
        let part = (&mut reader).take(64_000).read_to_end(&mut bytes);
        if part.map_err(|error| format!("the connection broke ({error})"))? == 0 {
            return Ok(bytes);
        }
        progress.advance((bytes.len() / 1000 - before / 1000) as u64);
    }
}

/// What speaks HTTP. Statuses are answers to look at here, not errors.
fn agent(url: &str) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)));
    if url.starts_with("http://127.0.0.1:") {
        config = config.proxy(None); // no proxy leads to this machine itself
    }
    config.build().new_agent()
}
