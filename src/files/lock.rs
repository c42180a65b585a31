//! Locks of outputs: one process writes an output, or several read it. The system drops the locks of a process that
//! ends, however it ends.
//!
//! A writer locks the file `.NAME.lock` beside the output NAME, which names the process and is removed at the end, and
//! the folder itself if it exists. A reader locks the folder alone, so that it writes nothing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::place;
use super::temporary::Temporary;
use crate::{Error, Result};

/// A lock on an output, released when dropped.
#[derive(Debug)]
pub struct Lock {
    // Removed before its lock is released, so that it is never the file of another process.
    _beside: Option<(Temporary, File)>,
    _folder: Option<File>,
}

impl Lock {
    /// Locks an output, by its resolved path, to write it. Its parent must exist.
    pub fn to_write(target: &Path) -> Result<Self> {
        let path = place::lock_file(target);
        let beside = Temporary::new(|| Ok((path.clone(), lock_file(&path)?)));
        let beside = match beside {
            Ok((temporary, mut file)) => {
                // Information alone: a full disk must not prevent the lock.
                let _ = serde_json::to_vec(&Holder::this_process())
                    .map_err(io::Error::from)
                    .and_then(|holder| file.write_all(&holder));
                Some((temporary, file))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(being_written(target));
            }
            // What is written later reports it, unless the folder itself may be written.
            Err(error) if may_lack(&error) => None,
            Err(error) => return Err(Error::io("lock", target)(error)),
        };
        Ok(Self {
            _beside: beside,
            _folder: lock_folder(target, File::try_lock).map_err(|Held| being_read(target))?,
        })
    }

    /// Locks a folder to read it, together with other readers.
    pub fn to_read(folder: &Path) -> Result<Self> {
        let target = place::resolve(folder).map_err(Error::io("read", folder))?;
        Ok(Self {
            _beside: None,
            _folder: lock_folder(&target, File::try_lock_shared)
                .map_err(|Held| being_written(&target))?,
        })
    }

    /// Locks a folder that this process created, so that the lock goes with it when it is renamed.
    pub fn of_new_folder(folder: &Path) -> Self {
        Self {
            _beside: None,
            _folder: lock_folder(folder, File::try_lock).unwrap_or_default(),
        }
    }
}

fn may_lack(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::Unsupported
    )
}

/// Creates and locks a lock file. Fails with `WouldBlock` if another process holds it.
fn lock_file(path: &Path) -> io::Result<File> {
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(_)) => return Err(io::ErrorKind::Unsupported.into()),
        }
        // Another process may have removed it between the two calls.
        if is_at(&file, path) {
            file.set_len(0)?;
            return Ok(file);
        }
    }
}

/// How long a locked folder is tried again, and how often.
const PATIENCE: Duration = Duration::from_millis(200);
const RETRY: Duration = Duration::from_millis(20);

/// The folder is locked by another process.
struct Held;

/// Locks an existing folder. `None` where there is none, or where folders cannot be locked.
fn lock_folder(
    folder: &Path,
    lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<Option<File>, Held> {
    let mut waited = Duration::ZERO;
    loop {
        let Ok(file) = File::open(folder) else {
            return Ok(None);
        };
        match lock(&file) {
            Ok(()) if is_at(&file, folder) => return Ok(Some(file)),
            Ok(()) => (), // exchanged for another folder between the two calls
            // A process that is being started holds for a moment what the one that starts it has open.
            Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                std::thread::sleep(RETRY);
                waited += RETRY;
            }
            Err(TryLockError::WouldBlock) => return Err(Held),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Whether the open file is still the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let there = file.metadata().and_then(|a| Ok((a, fs::metadata(path)?)));
    there.is_ok_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    fs::exists(path).unwrap_or(false)
}

/// The process that holds a lock, as written into the lock file.
#[derive(Serialize, Deserialize)]
struct Holder {
    host: String,
    process: u32,
    /// Seconds since 1970.
    started: u64,
}

impl Holder {
    fn this_process() -> Self {
        Self {
            host: host(),
            process: std::process::id(),
            started: now().as_secs(),
        }
    }

    fn in_words(&self) -> String {
        let ago = now().as_secs().saturating_sub(self.started);
        let (hours, minutes, seconds) = (ago / 3600, ago / 60 % 60, ago % 60);
        format!(
            "process {} on {}, since {hours}:{minutes:02}:{seconds:02} h",
            self.process, self.host
        )
    }
}

fn now() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
}

#[cfg(unix)]
fn host() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "this host".to_owned())
}

const REMEDY: &str = "Wait until that one has ended, or stop it; or choose another folder.";

fn being_written(target: &Path) -> Error {
    let holder = fs::read(place::lock_file(target)).ok();
    let holder = holder.and_then(|bytes| serde_json::from_slice::<Holder>(&bytes).ok());
    let holder = holder.map_or_else(String::new, |holder| format!(" ({})", holder.in_words()));
    let problem = format!("another skinlesion is writing it{holder}");
    Error::file(target, problem, REMEDY)
}

fn being_read(target: &Path) -> Error {
    Error::file(target, "another skinlesion is using it", REMEDY)
}
