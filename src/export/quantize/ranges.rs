//! Selects the quantization parameters of a tensor from its histogram over the calibration images.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::QuantizationParams;

/// The number of bins of a histogram, many more than the 256 quantized values.
pub const BINS: usize = 2048;

/// The fraction of values within the range selected by [`RangeRule::Percentile`].
const PERCENTILE: f64 = 0.9999;

/// The candidates for each end of the range in [`RangeRule::MeanSquare`]: from 100 % to 30 % of the full range.
const CANDIDATES: usize = 29;

/// How the range of quantized values is selected.
#[derive(Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
#[strum(parse_err_ty = String, parse_err_fn = unknown)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RangeRule {
    /// The range with the least mean squared error; clips rare large values if a finer scale for the others is better.
    #[default]
    #[strum(serialize = "mse")]
    MeanSquare,
    /// The range of 99.99 % of the values.
    Percentile,
    /// The full range.
    MinMax,
}

fn unknown(text: &str) -> String {
    format!("'{text}' is not one of mse, percentile, minmax")
}

/// The histogram of a tensor's values.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The smallest value, at most 0.
    pub low: f64,
    /// The largest value, at least 0.
    pub high: f64,
    /// The counts of [`BINS`] equal bins.
    pub counts: Vec<f64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            low: 0.0,
            high: 0.0,
            counts: vec![0.0; BINS],
        }
    }
}

impl Histogram {
    /// The quantization parameters for these values. 0 is exactly representable, because convolutions pad with it.
    pub fn params(&self, rule: RangeRule) -> QuantizationParams {
        match rule {
            RangeRule::MinMax => params(self.low, self.high),
            RangeRule::Percentile => self.percentile(),
            RangeRule::MeanSquare => self.least_error(),
        }
    }

    fn percentile(&self) -> QuantizationParams {
        let outside = (1.0 - PERCENTILE) * self.counts.iter().sum::<f64>();
        let beyond = |counts: &mut dyn Iterator<Item = &f64>| {
            let mut seen = 0.0;
            counts
                .take_while(|&&count| {
                    seen += count;
                    seen <= outside
                })
                .count() as f64
        };
        let step = (self.high - self.low) / BINS as f64;
        let below = beyond(&mut self.counts.iter());
        let above = beyond(&mut self.counts.iter().rev());
        params(self.low + below * step, self.high - above * step)
    }

    fn least_error(&self) -> QuantizationParams {
        let fractions: Vec<f64> = (0..CANDIDATES)
            .map(|i| 1.0 - 0.7 * i as f64 / (CANDIDATES - 1) as f64)
            .collect();
        let lows = if self.low < 0.0 {
            &fractions[..]
        } else {
            &[1.0]
        };
        let mut best = (f64::INFINITY, params(self.low, self.high));
        for low in lows {
            for high in &fractions {
                let candidate = params(self.low * low, self.high * high);
                let error = self.error(candidate);
                if error < best.0 {
                    best = (error, candidate);
                }
            }
        }
        best.1
    }

    /// The sum of squared quantization errors.
    fn error(&self, params: QuantizationParams) -> f64 {
        let step = (self.high - self.low) / BINS as f64;
        let (scale, zero) = (f64::from(params.scale), f64::from(params.zero_point));
        let of_bin = |(bin, &count): (usize, &f64)| {
            let value = self.low + (bin as f64 + 0.5) * step;
            let quantized = ((value / scale).round() + zero).clamp(0.0, 255.0);
            count * ((quantized - zero) * scale - value).powi(2)
        };
        self.counts.iter().enumerate().map(of_bin).sum()
    }
}

/// The quantization parameters for `low` (at most 0) to `high` (at least 0), shifted so that 0 is representable.
fn params(low: f64, high: f64) -> QuantizationParams {
    let scale = ((high - low) / 255.0).max(f64::from(f32::MIN_POSITIVE));
    QuantizationParams {
        scale: scale as f32,
        zero_point: (-low / scale).round().clamp(0.0, 255.0) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nearly all values near 0, and a single one at 10.
    fn outlier() -> Histogram {
        let mut counts = vec![0.0; BINS];
        counts[..400].fill(100.0);
        counts[BINS - 1] = 1.0;
        Histogram {
            low: 0.0,
            high: 10.0,
            counts,
        }
    }

    fn end(params: QuantizationParams) -> f32 {
        params.scale * f32::from(255 - params.zero_point)
    }

    #[test]
    fn an_outlier_widens_the_range_of_minmax_only() {
        assert!((end(outlier().params(RangeRule::MinMax)) - 10.0).abs() < 1e-5);
        assert!(end(outlier().params(RangeRule::Percentile)) < 2.0);
        let least = end(outlier().params(RangeRule::MeanSquare));
        assert!((3.0 - 1e-5..10.0).contains(&least), "{least}");
    }

    #[test]
    fn zero_is_always_representable() {
        let histogram = Histogram {
            low: -1.0,
            high: 3.0,
            counts: vec![1.0; BINS],
        };
        for &rule in RangeRule::VARIANTS {
            let params = histogram.params(rule);
            let low = -f64::from(params.scale) * f64::from(params.zero_point);
            assert!((low + 1.0).abs() < 0.05, "{rule}: {low}");
        }
        let positive = outlier().params(RangeRule::MeanSquare);
        assert_eq!(positive.zero_point, 0);
    }

    #[test]
    fn a_tensor_of_zeros_gets_a_positive_scale() {
        let histogram = Histogram {
            low: 0.0,
            high: 0.0,
            counts: vec![0.0; BINS],
        };
        for &rule in RangeRule::VARIANTS {
            assert!(histogram.params(rule).scale > 0.0);
        }
    }
}
