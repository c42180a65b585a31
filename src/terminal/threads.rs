//! The number of CPU threads.

use std::thread::available_parallelism;

/// The number of threads for the value of --threads (0: all cores), and a warning if that is more than the cores: more
/// threads than cores only wait for each other, and thousands of them hang.
pub fn capped(asked: usize) -> (usize, Option<String>) {
    let cores = available_parallelism().map_or(usize::MAX, usize::from);
    match asked > cores {
        false => (asked, None),
        true => {
            let warning =
                format!("--threads {asked}: this machine has {cores} cores, so {cores} are used");
            (cores, Some(warning))
        }
    }
}
