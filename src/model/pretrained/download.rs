//! Fetching a file of weights into the cache: resumed where it broke off, and believed only if its hash is right.

use std::env;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body};

use super::size_limit::MAX_BYTES;
use crate::progress::Progress;
use crate::{Error, Result, files};

/// Torchvision's first ImageNet weights (`IMAGENET1K_V1`, 71.9 % top-1).
const IMAGENET_URL: &str = "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth";

/// Connections that may break before the user is asked to run the command again.
const ATTEMPTS: usize = 3;

/// What is downloaded, and how it is known to be the right file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where it lies.
    pub url: String,
    /// The SHA-256 in lower-case hexadecimal digits, or its first eight or more.
    pub sha256: String,
}

impl Remote {
    /// Torchvision's weights, or what `$SKINLESION_WEIGHTS_URL` and `$SKINLESION_WEIGHTS_SHA256` name in
    /// their place. Without the latter, the hash is read from the file's name as torchvision writes it.
    pub fn from_environment() -> Result<Self> {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Self::new(
            set("SKINLESION_WEIGHTS_URL").unwrap_or_else(|| IMAGENET_URL.to_owned()),
            set("SKINLESION_WEIGHTS_SHA256"),
        )
    }

    /// A file at `url` with this hash, or with the one that its name carries.
    pub fn new(url: String, sha256: Option<String>) -> Result<Self> {
        let named = || hash_in_name(file_name(&url)).map(str::to_owned);
        let sha256 = sha256.or_else(named).unwrap_or_default().to_lowercase();
        let is_hash = (8..=64).contains(&sha256.len())
            && sha256.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hash {
            return Err(Error::input(
                url,
                "its SHA-256 is not known, so a wrong or damaged file could not be told from the right one",
                "Set SKINLESION_WEIGHTS_SHA256 to the hash or its first 8 or more hexadecimal digits.",
            ));
        }
        Ok(Self { url, sha256 })
    }

    /// Where the file is kept in a cache folder.
    pub fn path_in(&self, cache: &Path) -> PathBuf {
        cache.join("weights").join(file_name(&self.url))
    }

    /// Whether a file is the right one.
    pub fn matches(&self, path: &Path) -> Result<bool> {
        Ok(files::sha256_file(path)?.starts_with(&self.sha256))
    }
}

/// The last part of a URL's path.
fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    match path.rsplit(['/', '\\']).next() {
        Some(name) if !matches!(name, "" | "." | "..") => name,
        _ => "weights",
    }
}

/// `b0353104` of `mobilenet_v2-b0353104.pth`.
fn hash_in_name(name: &str) -> Option<&str> {
    let (_, end) = name.rsplit_once('-')?;
    end.split('.').next()
}

/// The path of the file in the cache folder, downloaded first if it is not there.
pub fn fetch(remote: &Remote, cache: &Path, progress: &dyn Progress) -> Result<PathBuf> {
    let path = remote.path_in(cache);
    if path.is_file() {
        if remote.matches(&path)? {
            return Ok(path);
        }
        progress.warn(&format!(
            "{} is damaged: it is fetched again",
            path.display()
        ));
        fs::remove_file(&path).map_err(Error::io("remove", &path))?;
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

/// One download to its place.
struct Download<'a> {
    remote: &'a Remote,
    path: &'a Path,
    progress: &'a dyn Progress,
}

/// How an attempt ended that did not fail for good.
enum Attempt {
    Complete,
    /// The connection broke after some bytes; the words say how.
    Broken(String),
}

impl Download<'_> {
    fn run(&self) -> Result<()> {
        let part = self.path.with_added_extension("part");
        let folder = part.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&part)
            .map_err(Error::io("create", &part))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(Error::file(
                    &part,
                    "another run of the program is downloading it",
                    "Wait until that is done.",
                ));
            }
            // Some network file systems cannot lock; then nothing guards against a second download.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        self.progress
            .say(&format!("Downloading {}", self.remote.url));
        let received = self.receive_all(&mut file, &part);
        let length = file.metadata().map_or(0, |found| found.len());
        drop(file); // it is locked, and on Windows nobody could read it to check it
        if length == 0 {
            let _ = fs::remove_file(&part);
        }
        received.and_then(|()| self.accept(&part))
    }

    fn receive_all(&self, file: &mut File, part: &Path) -> Result<()> {
        let mut trouble = String::new();
        for _ in 0..ATTEMPTS {
            match self.attempt(file, part)? {
                Attempt::Complete => return Ok(()),
                Attempt::Broken(how) => trouble = how,
            }
        }
        Err(self.failed(&format!(
            "the connection broke {ATTEMPTS} times ({trouble})"
        )))
    }

    /// Asks for what is missing of the file, and appends it.
    fn attempt(&self, file: &mut File, part: &Path) -> Result<Attempt> {
        let writing = || Error::io("write", part);
        let have = file.seek(SeekFrom::End(0)).map_err(writing())?;
        let mut request = agent(&self.remote.url).get(&self.remote.url);
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let response = match request.call() {
            Ok(response) => response,
            // A server that hangs up after some bytes is asked again; one that cannot be reached is not.
            Err(error) if have > 0 && is_transient(&error) => {
                return Ok(Attempt::Broken(error.to_string()));
            }
            Err(error) => return Err(self.failed(&format!("no answer ({error})"))),
        };
        let start = match response.status().as_u16() {
            200 => 0,
            206 if range_start(&response) == Some(have) => have,
            // The server's file ends before ours: ours is whole, or wrong, which its hash will tell.
            416 if have > 0 => return Ok(Attempt::Complete),
            status => return Err(self.failed(&format!("the server answered {status}"))),
        };
        if start < have {
            file.set_len(0).map_err(writing())?; // the server sends it from the beginning
        }
        let length = response.body().content_length();
        self.receive(response.into_body(), start, length, file, part)
    }

    fn receive(
        &self,
        body: Body,
        start: u64,
        length: Option<u64>,
        file: &mut File,
        part: &Path,
    ) -> Result<Attempt> {
        let total = length.map_or(0, |length| start.saturating_add(length));
        let too_large = |bytes: u64| {
            let problem = format!(
                "its {} MB are too many for a MobileNetV2",
                bytes / 1_000_000
            );
            self.failed(&problem)
        };
        if total > MAX_BYTES {
            return Err(too_large(total));
        }
        self.progress.start("weights, kB", total / 1000);
        self.progress.advance(start / 1000);
        let mut reader = body.into_with_config().limit(MAX_BYTES + 1).reader();
        let mut buffer = vec![0; 64 * 1024];
        let mut have = start;
        let attempt = loop {
            match reader.read(&mut buffer) {
                Ok(0) if have < total => break Attempt::Broken("it ended too early".into()),
                Ok(0) => break Attempt::Complete,
                Ok(count) => {
                    file.write_all(&buffer[..count])
                        .map_err(Error::io("write", part))?;
                    let before = have / 1000;
                    have += count as u64;
                    self.progress.advance(have / 1000 - before);
                    if have > MAX_BYTES {
                        return Err(too_large(have));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Attempt::Broken(error.to_string()),
            }
        };
        self.progress.finish();
        Ok(attempt)
    }

    /// Puts the file in its place if its hash is right, and deletes it otherwise.
    fn accept(&self, part: &Path) -> Result<()> {
        if self.remote.matches(part)? {
            return fs::rename(part, self.path).map_err(Error::io("create", self.path));
        }
        let found = files::sha256_file(part)?;
        fs::remove_file(part).map_err(Error::io("remove", part))?;
        Err(self.failed(&format!(
            "its SHA-256 should begin with {}, but is {found}; the file was deleted",
            self.remote.sha256
        )))
    }

    fn failed(&self, problem: &str) -> Error {
        Error::input(
            &self.remote.url,
            format!("could not be downloaded: {problem}"),
            format!(
                "Run the command again (it goes on where it stopped), or fetch the file by hand and put it at \
                 {}, or pass it with --weights FILE.",
                self.path.display()
            ),
        )
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

fn is_transient(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        ),
        ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => true,
        _ => false,
    }
}

/// The first byte of a partial answer: 100 of `Content-Range: bytes 100-199/200`.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get("Content-Range")?.to_str().ok()?;
    let range = range.strip_prefix("bytes ")?;
    range.split('-').next()?.trim().parse().ok()
}
