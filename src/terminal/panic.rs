//! Conversion of panics to errors.

use skinlesion::Error;

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
        Err(error_of(message))
    })
}

/// The error for a panic with this message.
fn error_of(message: &str) -> anyhow::Error {
    if Error::means_out_of_memory(message) {
        return Error::OutOfMemory.into();
    }
    // The message contains libtorch's, with escaped line ends.
    let first = message.split("\\n").next().unwrap_or(message);
    anyhow::anyhow!(
        "internal error: {first}\n  If the memory was exhausted, use smaller batches or a machine with more. Otherwise \
         please report this with the output of RUST_BACKTRACE=1."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_libtorch_without_memory_says_so_plainly() {
        let libtorchs = "called `Result::unwrap()` on an `Err` value: Torch(\"[enforce fail at alloc_cpu.cpp:117] ...\")";
        let message = |words: &str| error_of(words).to_string();
        assert!(message(libtorchs).starts_with("out of memory\n"));
        assert!(message("a fault\\nmore").starts_with("internal error: a fault\n"));
    }
}
