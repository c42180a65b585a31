//! The library's one error type. Variants carry data; the words are in `Display`.

use std::io;
use std::path::{Path, PathBuf};

/// Everything that can go wrong in the library.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused to read or write a file.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "read", "create", …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },

    /// Something a user gave is not right: where, what is wrong, and what to do about it.
    #[error("{place}: {problem}\n  {remedy}")]
    Input {
        /// The file, with line or row where there is one; or the flag or key.
        place: String,
        /// What is wrong with it.
        problem: String,
        /// What the user can do.
        remedy: String,
    },

    /// An output would replace something that already exists.
    #[error("{} already exists\n  Choose another --out, or say --force to replace it.", .0.display())]
    Exists(PathBuf),

    /// The user stopped it before there was anything to save.
    #[error("stopped; nothing was written yet that could be gone on with")]
    Stopped,

    /// libtorch refused an operation that the program believed to be right.
    #[error("libtorch failed while {doing}: {}", first_line(source.as_ref()))]
    Torch {
        /// What was being done, as a gerund: "tracing the network".
        doing: String,
        /// libtorch's answer, whose first line alone is shown (the rest is a C++ trace).
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A file that was written does not compute what it was written from.
    #[error("{}: the exported network disagrees with the checkpoint: {problem}", path.display())]
    Disagreement {
        /// The exported file.
        path: PathBuf,
        /// How it disagrees.
        problem: String,
    },
}

/// The library's result.
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
        Self::input(path.display().to_string(), problem, remedy)
    }

    /// An [`Error::Input`] about one line of a text file, counted from 1 as editors do.
    pub fn line(
        path: &Path,
        line: u64,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::input(format!("{}:{line}", path.display()), problem, remedy)
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

    /// Turns an error of libtorch into an [`Error::Torch`], for `map_err`.
    pub fn torch<E: std::error::Error + Send + Sync + 'static>(
        doing: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |source| Self::Torch {
            doing,
            source: Box::new(source),
        }
    }

    /// Says that something needs libtorch, in a build without it.
    pub fn needs_libtorch(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::input(
            place,
            problem,
            "This build has no libtorch. Build the whole program in a clone: make build.",
        )
    }
}

fn first_line(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
