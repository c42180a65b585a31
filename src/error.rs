//! The library's error type. Variants carry data; `Display` formats the message.

use std::io;
use std::path::{Path, PathBuf};

/// An error of the library.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An I/O error.
    #[error("cannot {action} {}: {source}", shown(path))]
    Io {
        /// The action: "read", "create", …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// Invalid input: its place, the problem and a remedy.
    #[error("{place}: {problem}\n  {remedy}")]
    Input {
        /// The file, with its line if known; or the flag or key.
        place: String,
        /// The problem.
        problem: String,
        /// The remedy.
        remedy: String,
    },

    /// The output already exists.
    #[error("{} already exists\n  Choose another name, or pass --force to replace it.", shown(.0))]
    Exists(PathBuf),

    /// The user stopped a run before it saved anything.
    #[error("stopped before anything was saved that a run could resume from")]
    Stopped,

    /// libtorch failed unexpectedly.
    #[error("libtorch failed while {doing}: {}", first_line(source.as_ref()))]
    Torch {
        /// The operation, as a gerund: "tracing the network".
        doing: String,
        /// libtorch's error. Only its first line is shown; the rest is a C++ trace.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// libtorch asked for more memory than there is.
    #[error(
        "out of memory\n  Use smaller batches (train: --batch-size) or smaller images, or a machine with more memory."
    )]
    OutOfMemory,

    /// An exported file computes other probabilities than the checkpoint.
    #[error(
        "{}: the exported network disagrees with the checkpoint: {problem}\n  This file is not written. It is a fault of \
         the program: please report it, with the checkpoint's `skinlesion info`.",
        shown(path)
    )]
    Disagreement {
        /// The exported file.
        path: PathBuf,
        /// The disagreement.
        problem: String,
    },
}

/// The library's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Input`] at a place that is not a file, such as a flag or a key.
    pub fn input(
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Input {
            place: place.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// An [`Error::Input`] about a file as a whole.
    pub fn file(path: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::input(shown(path), problem, remedy)
    }

    /// An [`Error::Input`] about one line of a text file, counted from 1 as editors do.
    pub fn line(
        path: &Path,
        line: u64,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::input(format!("{}:{line}", shown(path)), problem, remedy)
    }

    /// Turns an [`io::Error`] into an [`Error::Io`], for `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Turns an error of a walk over the files below a folder into an [`Error::Io`] about the file, for `map_err`.
    pub fn walk(folder: &Path) -> impl FnOnce(walkdir::Error) -> Self {
        let folder = folder.to_owned();
        move |error| {
            let path = error.path().map_or(folder, Path::to_owned);
            let words = error.to_string();
            // A loop of links is no error of the system.
            let source = error.into_io_error();
            Self::Io {
                action: "read",
                path,
                source: source.unwrap_or_else(|| io::Error::other(words)),
            }
        }
    }

    /// Turns an error of libtorch into an [`Error::Torch`], or [`Error::OutOfMemory`] if that is what it means, for
    /// `map_err`.
    pub fn torch<E: std::error::Error + Send + Sync + 'static>(
        doing: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |source| match Self::means_out_of_memory(&source.to_string()) {
            true => Self::OutOfMemory,
            false => Self::Torch {
                doing,
                source: Box::new(source),
            },
        }
    }

    /// Whether a message of libtorch means that it got no memory.
    pub fn means_out_of_memory(message: &str) -> bool {
        const SIGNS: [&str; 6] = [
            "alloc_cpu",
            "can't allocate memory",
            "not enough memory",
            "could not create a primitive", // oneDNN's word for it
            "CUDA out of memory",
            "std::bad_alloc",
        ];
        SIGNS.iter().any(|sign| message.contains(sign))
    }

    /// What is wrong, without the place and the remedy.
    pub fn problem(&self) -> String {
        match self {
            Self::Input { problem, .. } => problem.clone(),
            Self::Io { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }

    /// An [`Error::Input`] for a feature that needs libtorch, in a build without it.
    pub fn needs_libtorch(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::input(
            place,
            problem,
            "This build has no libtorch. Build the full program from a clone: make build.",
        )
    }
}

/// A path on one line: line breaks in names, which a terminal would show as such, are written as `\u{a}` and `\u{d}`.
pub fn shown(path: &Path) -> String {
    on_one_line(&path.display().to_string())
}

/// A text with its line breaks as `\u{a}` and `\u{d}`.
pub fn on_one_line(text: &str) -> String {
    text.replace('\n', "\\u{a}").replace('\r', "\\u{d}")
}

fn first_line(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_libtorch_that_means_no_memory_says_so_plainly() {
        let libtorchs = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory";
        let failed = Error::torch("training")(io::Error::other(libtorchs)).to_string();
        assert!(failed.starts_with("out of memory\n"), "{failed}");
        let failed = Error::torch("training")(io::Error::other("shapes differ")).to_string();
        assert_eq!(failed, "libtorch failed while training: shapes differ");
    }

    #[test]
    fn a_file_name_with_a_line_break_cannot_forge_a_line() {
        let path = Path::new("a\nerror: b.jpg");
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        for error in [
            Error::file(path, "is empty", "Replace it."),
            Error::line(path, 2, "is empty", "Replace it."),
            Error::io("read", path)(missing()),
            Error::Exists(path.to_owned()),
        ] {
            let error = error.to_string();
            assert!(error.contains("a\\u{a}error: b.jpg"), "{error}");
        }
    }
}
