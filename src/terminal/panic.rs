//! Panics as errors.

use super::summary::Outcome;

/// Runs a verb and turns a panic into an error of one line. tch's operators panic when libtorch refuses, as
/// it does when memory runs out, and what they say is a page of C++ frames. RUST_BACKTRACE shows it all.
pub fn caught(verb: impl FnOnce() -> Outcome) -> Outcome {
    if std::env::var_os("RUST_BACKTRACE").is_none_or(|value| value == "0") {
        std::panic::set_hook(Box::new(|_| ()));
    }
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(verb)).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        // The message quotes libtorch's, with its line ends written out.
        let first = words.split("\\n").next().unwrap_or(words);
        Err(anyhow::anyhow!(
            "the program gave up: {first}\n  If memory ran out, use a smaller --batch-size; otherwise please \
             report this, with what RUST_BACKTRACE=1 shows."
        ))
    })
}
