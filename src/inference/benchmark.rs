//! The time that a classifier takes on this machine.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::classifier::Classifier;
use crate::Result;

/// Runs before the timed ones: engines optimise and allocate on their first.
const WARM_UP: usize = 3;

/// The least number of timed runs, however long they take.
const FEWEST: usize = 5;

/// The time of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// Images per batch.
    pub batch: usize,
    /// The number of timed runs.
    pub runs: usize,
    /// The median time of a batch in milliseconds.
    pub median_ms: f64,
    /// The 90th percentile of the time of a batch in milliseconds.
    pub p90_ms: f64,
    /// Images per second, at the median time.
    pub images_per_second: f64,
}

/// Times batches of prepared grey images for `budget`, at least [`FEWEST`] times. Decoding and resizing are not part of
/// it.
pub fn benchmark(classifier: &dyn Classifier, batch: usize, budget: Duration) -> Result<Timing> {
    let image = vec![128; classifier.resize().bytes()];
    let images = vec![&image[..]; batch];
    for _ in 0..WARM_UP {
        classifier.probabilities(&images)?;
    }
    let (began, mut times) = (Instant::now(), Vec::new());
    while times.len() < FEWEST || began.elapsed() < budget {
        let run = Instant::now();
        classifier.probabilities(&images)?;
        times.push(run.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Timing::new(batch, &mut times))
}

impl Timing {
    /// The statistics of times in milliseconds, at least one.
    fn new(batch: usize, times: &mut [f64]) -> Self {
        times.sort_by(f64::total_cmp);
        let last = times.len() - 1;
        let median_ms = (times[last / 2] + times[times.len() / 2]) / 2.0;
        Self {
            batch,
            runs: times.len(),
            median_ms,
            p90_ms: times[(0.9 * last as f64).round() as usize],
            images_per_second: 1e3 * batch as f64 / median_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_runs_is_the_mean_of_the_middle_two() {
        let timing = Timing::new(4, &mut [8.0, 1.0, 2.0, 3.0]);
        assert_eq!((timing.median_ms, timing.p90_ms), (2.5, 8.0));
        assert_eq!(timing.images_per_second, 1600.0);
        let timing = Timing::new(1, &mut [5.0, 4.0, 9.0]);
        assert_eq!((timing.median_ms, timing.runs), (5.0, 3));
    }
}
