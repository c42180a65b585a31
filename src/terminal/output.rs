//! Standard output. What cannot be written is an error, except that a closed pipe (`| head`) is not.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// The first error of writing, which [`failure`] tells at the end.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints to standard output. An error is kept for [`failure`].
pub fn print_out(text: &str) {
    let mut out = io::stdout().lock();
    keep(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn keep(written: io::Result<()>) {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert(error);
        }
        _ => (),
    }
}

/// The first error of writing to standard output, if there was one.
pub fn failure() -> Option<anyhow::Error> {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    let error = failed.take()?;
    Some(anyhow::Error::new(error).context("cannot write to standard output"))
}

/// Prints help, the version, or what is wrong with a command line, and returns the exit code.
pub fn tell(told: &clap::Error) -> ExitCode {
    let code = u8::try_from(told.exit_code()).unwrap_or(2);
    keep(told.print());
    match failure() {
        Some(error) if !told.use_stderr() => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
        _ => ExitCode::from(code),
    }
}
