//! Axis ranges and tick marks.

/// A linear axis with ticks at round numbers; it starts and ends at a tick.
pub struct Axis {
    /// Tick values, ascending; at least two.
    pub ticks: Vec<f64>,
    decimals: usize,
}

impl Axis {
    /// Covers all finite values in about `wanted` steps of 1, 2 or 5 times a power of ten, at least `min_step`. Without
    /// values it runs from 0 to 1.
    pub fn covering(values: impl Iterator<Item = f64>, wanted: usize, min_step: f64) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        let rough = (high - low).max(low.abs() * 1e-3).max(1e-9) / wanted as f64;
        let step = round_step(rough).max(min_step);
        // A tolerance for rounding: 0.3 must end an axis with steps of 0.1.
        let first = (low / step + 1e-6).floor();
        let last = (high / step - 1e-6).ceil().max(first + 1.0);
        let ticks = (0..=(last - first) as usize)
            .map(|index| (first + index as f64) * step)
            .collect();
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        Self { ticks, decimals }
    }

    /// The position of a value between the ends of the axis, 0 to 1.
    pub fn position(&self, value: f64) -> f64 {
        match self.ticks.as_slice() {
            [first, .., last] => (value - first) / (last - first),
            _ => 0.0,
        }
    }

    /// The label of a tick, with as many decimals as the step needs.
    pub fn label(&self, tick: f64) -> String {
        format!("{tick:.0$}", self.decimals).replace('-', "−")
    }
}

/// The next larger 1, 2 or 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| rough <= factor * power * 1.000_001)
        .unwrap_or(10.0);
    factor * power
}

/// A count with commas between the thousands.
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], wanted: usize, min_step: f64) -> Vec<String> {
        let axis = Axis::covering(values.iter().copied(), wanted, min_step);
        axis.ticks.iter().map(|&tick| axis.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_enclose_the_values() {
        assert_eq!(
            labels(&[0.12, 0.83], 5, 0.0),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(&[1.0, 10.0], 5, 1.0),
            ["0", "2", "4", "6", "8", "10"]
        );
        assert_eq!(labels(&[1.0, 2.0], 5, 1.0), ["1", "2"]);
        assert_eq!(
            labels(&[-0.3, 0.0], 3, 0.0),
            ["−0.3", "−0.2", "−0.1", "0.0"]
        );
    }

    #[test]
    fn one_value_no_values_and_nan_make_an_axis() {
        for values in [&[5.0][..], &[], &[f64::NAN, f64::INFINITY], &[0.0], &[1e9]] {
            let axis = Axis::covering(values.iter().copied(), 4, 0.0);
            assert!((2..20).contains(&axis.ticks.len()), "{values:?}");
            assert!(axis.ticks[0] < axis.ticks[1], "{values:?}");
        }
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(10_015), "10,015");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
