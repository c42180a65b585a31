//! How the library tells what it is doing, without knowing whether anybody watches.

/// Hears of the steps of a long task. The program draws bars from it; tests and scripts use [`Silent`].
pub trait Progress: Sync {
    /// A task of `total` steps begins. Only one runs at a time: starting the next one ends the last.
    fn start(&self, task: &str, total: u64);
    /// `steps` more are done. May be called from several threads.
    fn advance(&self, steps: u64);
    /// A few words on how the running task fares, shown beside its bar.
    fn detail(&self, words: &str);
    /// The running task has ended.
    fn finish(&self);
    /// A line that stays on the screen.
    fn say(&self, line: &str);
    /// A line that stays, about something a user should look into.
    fn warn(&self, line: &str);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _task: &str, _total: u64) {}
    fn advance(&self, _steps: u64) {}
    fn detail(&self, _words: &str) {}
    fn finish(&self) {}
    fn say(&self, _line: &str) {}
    fn warn(&self, _line: &str) {}
}
