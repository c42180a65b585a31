//! Conversion of panics to errors.

use super::summary::Outcome;

/// Runs a command, and converts a panic to an error of one line. tch's operators panic if libtorch fails (out of
/// memory, for example), with a page of C++ stack frames. RUST_BACKTRACE=1 shows everything.
pub fn caught(command: impl FnOnce() -> Outcome) -> Outcome {
    if std::env::var_os("RUST_BACKTRACE").is_none_or(|value| value == "0") {
        std::panic::set_hook(Box::new(|_| ()));
    }
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(command)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        // The message contains libtorch's, with escaped line ends.
        let first = message.split("\\n").next().unwrap_or(message);
        Err(anyhow::anyhow!(
            "internal error: {first}\n  If the memory was exhausted, use smaller batches or a machine with more. Otherwise please \
             report this with the output of RUST_BACKTRACE=1."
        ))
    })
}
