//! Ctrl-C, or a request to end (SIGTERM): the first one stops after the step, the second at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

/// Set by the first Ctrl-C; the second ends the program at once.
static STOP: AtomicBool = AtomicBool::new(false);

/// The demo trains twice in one process: one handler serves both.
static LISTENING: OnceLock<()> = OnceLock::new();

/// Listens for Ctrl-C, and gives what the first one sets.
pub fn on_ctrl_c() -> anyhow::Result<&'static AtomicBool> {
    if LISTENING.set(()).is_ok() {
        // Also where the signal was ignored before, as for jobs that a script starts in the background.
        ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                leave_at_once();
            }
            eprintln!("\nstopping after this step (Ctrl-C again to stop at once)");
        })
        .context("cannot listen for Ctrl-C")?;
    }
    Ok(&STOP)
}

/// Ends the program without its destructors: the main thread is inside libtorch, which would fall over
/// its own globals being taken down.
fn leave_at_once() -> ! {
    const INTERRUPTED: i32 = 130; // as a shell says of a program that a signal ended
    #[cfg(unix)]
    // SAFETY: _exit does nothing but end the process.
    unsafe {
        libc::_exit(INTERRUPTED)
    }
    #[cfg(not(unix))]
    std::process::exit(INTERRUPTED)
}
