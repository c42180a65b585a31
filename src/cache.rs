//! The cache folder, for files that can be downloaded or computed again.

use std::env;
use std::path::PathBuf;

/// The user's cache folder for this program, which need not exist yet.
///
/// `$SKINLESION_CACHE` if set; else `skinlesion` in `$XDG_CACHE_HOME`, in the platform's cache folder (`~/.cache`,
/// `~/Library/Caches`, `%LOCALAPPDATA%`), or, without a home folder, in the folder for temporary files.
pub fn cache_folder() -> PathBuf {
    // The XDG specification says to ignore relative paths, and empty ones are not absolute.
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if let Some(chosen) = env::var_os("SKINLESION_CACHE").filter(|value| !value.is_empty()) {
        return PathBuf::from(chosen);
    }
    let platform = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        env::home_dir().map(|home| home.join("Library/Caches"))
    } else {
        env::home_dir().map(|home| home.join(".cache"))
    };
    absolute("XDG_CACHE_HOME")
        .or(platform.filter(|path| path.is_absolute()))
        .unwrap_or_else(env::temp_dir)
        .join("skinlesion")
}
