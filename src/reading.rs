//! Bounded reading: regular files only, of at most a stated size. What a file claims to be is no reason to wait for a
//! pipe, to read a device without end, or to ask for more memory than the machine has.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::{Error, Result};

/// The largest JSON file that is read: 64 MiB.
pub const MAX_JSON: u64 = 64 << 20;

/// The largest table that is read: 1 GiB, some ten million rows.
pub const MAX_TABLE: u64 = 1 << 30;

/// The largest network file that is read: 1 GiB. MobileNetV2 has 14 MB, a checkpoint with train state a few times as
/// much.
pub const MAX_NETWORK: u64 = 1 << 30;

/// The largest photograph that is read: 1 GiB.
pub const MAX_PHOTOGRAPH: u64 = 1 << 30;

/// Opens a regular file for reading. Links are followed; pipes, devices, sockets and folders are refused.
pub fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK); // a pipe without a writer would block; regular files ignore the flag
    }
    let file = options.open(path).map_err(Error::io("read", path))?;
    let kind = file
        .metadata()
        .map_err(Error::io("read", path))?
        .file_type();
    if kind.is_dir() {
        return Err(Error::file(
            path,
            "this is a folder, but a file is needed",
            "Name a file.",
        ));
    }
    if !kind.is_file() {
        return Err(Error::file(
            path,
            "this is not a regular file, but a pipe, a device or a socket",
            "Save the contents to a file, and name that.",
        ));
    }
    Ok(file)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// Other kinds of files, longer files, and those that cannot be read.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata().map_err(Error::io("read", path))?.len();
    if length > limit {
        return Err(too_long(path, limit));
    }
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).ok();
    reserved
        .and_then(|length| bytes.try_reserve_exact(length).ok())
        .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
        .and_then(|()| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(Error::io("read", path))?;
    // It may have grown since.
    if bytes.len() as u64 > limit {
        return Err(too_long(path, limit));
    }
    Ok(bytes)
}

/// Reads a file like [`read`], as UTF-8 text.
pub fn read_text(path: &Path, limit: u64) -> Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| Error::file(path, "not UTF-8 text", "Save the file in UTF-8."))
}

/// The line, from 1, of the byte at `offset` of a text.
pub fn line_of(text: impl AsRef<[u8]>, offset: usize) -> u64 {
    let text = text.as_ref();
    1 + line_breaks(&text[..offset.min(text.len())])
}

/// The number of ends of lines: `\r\n`, `\n` and `\r` are one each.
fn line_breaks(text: &[u8]) -> u64 {
    let next = text.iter().skip(1).map(Some).chain([None]);
    let ends = text.iter().zip(next).filter(|(byte, next)| match byte {
        b'\r' => *next != Some(&b'\n'),
        byte => **byte == b'\n',
    });
    ends.count() as u64
}

/// The lines of the records of a CSV text. The csv crate counts some ends of lines twice or not at all.
pub struct Lines<'a> {
    text: &'a [u8],
    /// A place in the text and its line, from which the next is counted.
    offset: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Those of a text.
    pub fn of(text: &'a [u8]) -> Self {
        Self {
            text,
            offset: 0,
            line: 1,
        }
    }

    /// The line, from 1, of the record at `byte`, which comes after the one asked for before. The ends of lines that
    /// precede a record may be part of it.
    pub fn at(&mut self, byte: u64) -> u64 {
        let from = usize::try_from(byte).unwrap_or(usize::MAX);
        let from = from.clamp(self.offset, self.text.len());
        let ends = self.text[from..].iter();
        let start = from + ends.take_while(|byte| b"\r\n".contains(byte)).count();
        self.line += line_breaks(&self.text[self.offset..start]);
        self.offset = start;
        self.line
    }
}

fn too_long(path: &Path, limit: u64) -> Error {
    Error::file(
        path,
        format!(
            "the file is longer than {} MB, the most that is read of its kind",
            limit >> 20
        ),
        "Name a file of the right kind; this one is none, or is damaged.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_the_limit_is_read_and_a_longer_one_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        std::fs::write(&path, b"abc").unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"abc");
        let error = read(&path, 2).unwrap_err().to_string();
        assert!(error.contains("longer"), "{error}");
        assert!(read_text(&path, 3).unwrap() == "abc");
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read_text(&path, 3).is_err());
    }

    #[test]
    fn each_kind_of_line_end_is_counted_once() {
        for text in ["a\n\nb\nc", "a\r\n\r\nb\r\nc", "a\r\rb\rc"] {
            assert_eq!(line_of(text, text.len() - 1), 4, "{text:?}");
            let mut lines = Lines::of(text.as_bytes());
            let found = ["a", "b", "c"].map(|name| lines.at(text.find(name).unwrap() as u64));
            assert_eq!(found, [1, 3, 4], "{text:?}");
            assert_eq!(Lines::of(text.as_bytes()).at(1), 3, "{text:?}");
        }
    }

    #[test]
    fn a_sparse_file_of_terabytes_is_refused_before_memory_is_asked_for() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read(&path, MAX_NETWORK).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn folders_devices_and_pipes_are_refused_without_waiting() {
        use std::os::unix::ffi::OsStrExt;
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        let name = std::ffi::CString::new(pipe.as_os_str().as_bytes()).unwrap();
        // SAFETY: the name is a valid C string.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        for path in [pipe.as_path(), home.path(), Path::new("/dev/zero")] {
            let error = read(path, 10).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
