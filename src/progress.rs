//! Progress reports of long tasks.

/// Receives progress reports. The program draws bars from them; tests and scripts use [`Silent`].
pub trait Progress: Sync {
    /// Starts a task of `total` steps. Only one runs at a time: it ends the previous task.
    fn start(&self, task: &str, total: u64);
    /// Reports `steps` more steps as done. Callable from several threads.
    fn advance(&self, steps: u64);
    /// Sets a short status, shown beside the bar of the running task.
    fn detail(&self, words: &str);
    /// Ends the running task.
    fn finish(&self);
    /// Prints a line.
    fn say(&self, line: &str);
    /// Prints a warning.
    fn warn(&self, line: &str);
}

/// Ignores all reports.
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _task: &str, _total: u64) {}
    fn advance(&self, _steps: u64) {}
    fn detail(&self, _words: &str) {}
    fn finish(&self) {}
    fn say(&self, _line: &str) {}
    fn warn(&self, _line: &str) {}
}
