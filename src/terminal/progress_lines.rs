//! Progress off a terminal, as in a log file: a line now and then instead of a bar.

use std::time::Duration;

/// The least time between two lines: a short task prints none.
const LEAST: Duration = Duration::from_secs(10);

/// The time after which a line is due, however little was done.
const MOST: Duration = Duration::from_secs(30);

/// The lines of a task.
pub struct ProgressLines {
    task: String,
    total: u64,
    done: u64,
    /// When the last line was printed, and the steps done by then.
    last: (Duration, u64),
}

impl ProgressLines {
    /// No steps done, at time zero.
    pub fn new(task: &str, total: u64) -> Self {
        Self {
            task: task.to_owned(),
            total,
            done: 0,
            last: (Duration::ZERO, 0),
        }
    }

    /// Counts steps; `elapsed` is the time since the start of the task. Returns a line after each tenth of the steps,
    /// but no sooner than 10 s after the last line, and after 30 s in any case.
    pub fn advance(&mut self, steps: u64, elapsed: Duration) -> Option<String> {
        self.done += steps;
        let since = elapsed.saturating_sub(self.last.0);
        let tenth = 10 * (self.done - self.last.1) >= self.total;
        if self.done >= self.total || since < LEAST || (since < MOST && !tenth) {
            return None;
        }
        self.last = (elapsed, self.done);
        let rate = self.done as f64 / elapsed.as_secs_f64();
        let left = (self.total - self.done) as f64 / rate;
        Some(format!(
            "{}: {} % ({} of {}, {rate:.1}/s, {} left)",
            self.task,
            100 * self.done / self.total,
            self.done,
            self.total,
            time(left),
        ))
    }
}

/// Seconds, or minutes and seconds, or hours and minutes.
fn time(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_printed_every_tenth_or_every_30_seconds_and_none_by_a_short_task() {
        let at = |steps_per_second: u64, total: u64| {
            let mut lines = ProgressLines::new("Scoring", total);
            (1..=total / steps_per_second)
                .filter_map(|second| {
                    let line = lines.advance(steps_per_second, Duration::from_secs(second));
                    line.map(|line| (second, line))
                })
                .collect::<Vec<_>>()
        };
        assert!(at(100, 1000).is_empty());
        let lines = at(10, 2000);
        assert_eq!(lines.len(), 9, "{lines:?}");
        let line = "Scoring: 10 % (200 of 2000, 10.0/s, 3 min 00 s left)";
        assert_eq!(lines[0], (20, line.to_owned()));
        let slow = at(1, 7200);
        assert_eq!(slow[0].0, 30);
        assert!(slow[0].1.ends_with("1 h 59 min left)"), "{}", slow[0].1);
    }
}
