//! Requests to end: Ctrl-C (SIGINT), SIGTERM and SIGHUP. Every verb removes its temporary files and ends with code 130;
//! a training run first ends its step and saves, `serve` closes its port and ends with code 0. SIGXFSZ is ignored.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use skinlesion::files::temporary;

/// The exit code, as a shell says of a program that a signal ended.
const INTERRUPTED: u8 = 130;

/// Set when the first signal arrives.
static STOP: AtomicBool = AtomicBool::new(false);

/// Set when the program is about to end at once.
static ENDING: AtomicBool = AtomicBool::new(false);

/// What the first signal does; nothing means that the program ends at once, as it does with the second.
static FIRST: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// Begins to listen. Called once.
pub fn listen() -> anyhow::Result<()> {
    // `nohup` and shells ask a program to survive the end of its terminal by ignoring this signal.
    #[cfg(unix)]
    // SAFETY: reads and later restores the action of one signal; no other thread runs yet.
    let hangup = unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            end();
        }
        match &*FIRST.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(action) => action(),
            None => end(),
        }
    })
    .context("cannot listen for Ctrl-C")?;
    #[cfg(unix)]
    // SAFETY: as above. A file above a limit of the shell is then an error of its write, as on a full disk.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN)
    };
    #[cfg(unix)]
    if hangup == libc::SIG_IGN {
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
    }
    Ok(())
}

/// Sets what the first signal does, until the returned value is dropped.
pub fn on_first(action: impl Fn() + Send + 'static) -> Listening {
    *FIRST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(action));
    Listening
}

#[cfg(feature = "torch")]
/// Lets the first signal stop a training run after its step: it sets [`stop_flag`].
pub fn stop_after_step() -> Listening {
    on_first(|| eprintln!("\nstopping after this step (Ctrl-C again to stop at once)"))
}

#[cfg(feature = "torch")]
/// Whether a signal arrived.
pub fn stop_flag() -> &'static AtomicBool {
    &STOP
}

/// The action for the first signal, which ends with this value.
pub struct Listening;

impl Drop for Listening {
    fn drop(&mut self) {
        *FIRST.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The exit code of a verb that ended with `code`. A verb that a signal kept from finishing says so.
pub fn exit_code(code: ExitCode) -> ExitCode {
    match STOP.load(Ordering::SeqCst) && code != ExitCode::SUCCESS {
        true => ExitCode::from(INTERRUPTED),
        false => code,
    }
}

/// Waits for the end of the program if a signal is ending it, so that errors over removed files are not reported.
pub fn wait_if_ending() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Removes the temporary files, and ends the program without its destructors: the main thread is inside libtorch, which
/// would fall over its own globals being taken down.
fn end() -> ! {
    ENDING.store(true, Ordering::SeqCst);
    temporary::remove_all();
    #[cfg(unix)]
    // SAFETY: _exit does nothing but end the process.
    unsafe {
        libc::_exit(INTERRUPTED.into())
    }
    #[cfg(not(unix))]
    std::process::exit(INTERRUPTED.into())
}
