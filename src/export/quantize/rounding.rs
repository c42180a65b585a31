//! Rounds weights to int8 so that the error of the layer's *output* is minimal, rather than that of each weight.

use tch::{Kind, Tensor};

use crate::{Error, Result};

/// The largest quantized weight. The smallest is its negative: weights are symmetric.
const LARGEST: f64 = 127.0;

/// The candidate scales for each channel: from the scale of its largest weight down to 40 % of it.
const CANDIDATES: usize = 61;

/// Added to the diagonal of the inputs' Gram matrix, as a fraction of its mean, to make it invertible.
const DAMPING: f64 = 0.01;

/// The rounded weights of outputs with the same inputs.
pub struct Rounded {
    /// The quantized weights, outputs × inputs, row-major.
    pub values: Vec<i8>,
    /// The scale of each output.
    pub scales: Vec<f32>,
}

/// Rounds weights (outputs × inputs) input by input, and compensates each error with the weights not yet rounded: GPTQ
/// (Frantar et al. 2022, <https://arxiv.org/abs/2210.17323>), algorithm 1 without blocks, largest inputs first.
///
/// `products` (inputs × inputs, double) is the inputs' Gram matrix, summed over the calibration images. `least_scales`
/// is the smallest allowed scale of each output.
pub fn round(
    weights: &[f32],
    inputs: usize,
    products: &Tensor,
    least_scales: &[f32],
) -> Result<Rounded> {
    let sizes: Vec<f64> = floats(&products.diag(0))?;
    let scales: Vec<f32> = weights
        .chunks_exact(inputs)
        .zip(least_scales)
        .map(|(row, &least)| best_scale(row, &sizes).max(least))
        .collect();
    let (order, factor) = factor(products, inputs)?;
    let mut values = vec![0; weights.len()];
    for (output, row) in weights.chunks_exact(inputs).enumerate() {
        let scale = f64::from(scales[output]);
        let mut remaining: Vec<f64> = order.iter().map(|&i| f64::from(row[i])).collect();
        for index in 0..inputs {
            let value = (remaining[index] / scale).round().clamp(-LARGEST, LARGEST);
            values[output * inputs + order[index]] = value as i8;
            let factor_row = &factor[index * inputs + index..(index + 1) * inputs];
            let error = (remaining[index] - value * scale) / factor_row[0];
            for (weight, coefficient) in remaining[index..].iter_mut().zip(factor_row) {
                *weight -= error * coefficient;
            }
        }
    }
    Ok(Rounded { values, scales })
}

/// The scale with the least squared error of a channel's weights, weighted by the magnitude of their inputs.
fn best_scale(weights: &[f32], sizes: &[f64]) -> f32 {
    let largest = weights.iter().fold(0f32, |a, w| a.max(w.abs()));
    let full = f64::from(largest.max(f32::MIN_POSITIVE)) / LARGEST;
    let error = |scale: f64| -> f64 {
        let one = |(&weight, size): (&f32, &f64)| {
            let value = (f64::from(weight) / scale).round();
            size * (value.clamp(-LARGEST, LARGEST) * scale - f64::from(weight)).powi(2)
        };
        weights.iter().zip(sizes).map(one).sum()
    };
    let candidates =
        (0..CANDIDATES).map(|i| full * (1.0 - 0.6 * i as f64 / (CANDIDATES - 1) as f64));
    let best = candidates.min_by(|&a, &b| error(a).total_cmp(&error(b)));
    best.unwrap_or(full) as f32
}

/// The inputs, largest first, and the upper Cholesky factor of the inverse of their Gram matrix in that order.
fn factor(products: &Tensor, inputs: usize) -> Result<(Vec<usize>, Vec<f64>)> {
    let decompose = || -> Result<(Tensor, Tensor), tch::TchError> {
        let diagonal = products.f_diag(0)?;
        let order = diagonal.f_argsort(0, true)?;
        let damping = DAMPING * diagonal.f_mean(Kind::Double)?.f_double_value(&[])?;
        // An input that is always 0 has no products: any positive diagonal value works.
        let least = damping.max(f64::MIN_POSITIVE.sqrt());
        let identity = Tensor::f_eye(inputs as i64, (Kind::Double, products.device()))?;
        let damped = products.f_add(&(identity * least))?;
        let ordered = damped.f_index_select(0, &order)?;
        let ordered = ordered.f_index_select(1, &order)?;
        let inverse = ordered
            .f_linalg_cholesky(false)?
            .f_cholesky_inverse(false)?;
        Ok((order, inverse.f_linalg_cholesky(true)?))
    };
    let (order, factor) = decompose().map_err(Error::torch("rounding the weights"))?;
    let order: Vec<i64> =
        Vec::try_from(order).map_err(Error::torch("reading the order of inputs"))?;
    let order = order.into_iter().map(|input| input as usize).collect();
    Ok((order, floats(&factor.reshape([-1]))?))
}

fn floats(tensor: &Tensor) -> Result<Vec<f64>> {
    Vec::try_from(tensor.contiguous()).map_err(Error::torch("reading the inputs' products"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The squared error of the output, summed over the inputs.
    fn error(rounded: &Rounded, weights: &[f32], inputs: &[Vec<f64>]) -> f64 {
        let scale = f64::from(rounded.scales[0]);
        let off: Vec<f64> = (weights.iter().zip(&rounded.values))
            .map(|(&weight, &value)| f64::from(weight) - f64::from(value) * scale)
            .collect();
        let of = |x: &Vec<f64>| (off.iter().zip(x)).map(|(off, x)| off * x).sum::<f64>();
        inputs.iter().map(|x| of(x).powi(2)).sum()
    }

    #[test]
    fn errors_are_compensated_between_correlated_inputs() {
        // The inputs are nearly the same, so only the sum of the weights matters. Each of the small weights alone is
        // nearest to 0, but together they are more than two steps.
        let weights = [1.0, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035];
        let input = |i: usize| (0..6).map(move |k| i as f64 + 0.01 * ((i * k) % 5) as f64);
        let inputs: Vec<Vec<f64>> = (1..50).map(|i| input(i).collect()).collect();
        let flat: Vec<f64> = inputs.iter().flatten().copied().collect();
        let x = Tensor::from_slice(&flat).view([-1, 6]);
        let rounded = round(&weights, 6, &x.tr().matmul(&x), &[0.0]).unwrap();
        let scale = f64::from(rounded.scales[0]);
        let nearest = Rounded {
            values: weights
                .map(|w| (f64::from(w) / scale).round() as i8)
                .to_vec(),
            scales: rounded.scales.clone(),
        };
        let [found, of_nearest] = [&rounded, &nearest].map(|one| error(one, &weights, &inputs));
        assert!(found < 0.5 * of_nearest, "{found} {of_nearest}");
    }

    #[test]
    fn inputs_that_are_always_zero_do_not_fail() {
        let products = Tensor::zeros([3, 3], (Kind::Double, tch::Device::Cpu));
        let rounded = round(&[0.5, -1.0, 0.0], 3, &products, &[0.0]).unwrap();
        assert_eq!(rounded.values.len(), 3);
        assert!(rounded.scales[0] > 0.0);
    }

    #[test]
    fn weights_near_zero_have_no_smaller_scale_than_is_allowed() {
        let products = Tensor::eye(2, (Kind::Double, tch::Device::Cpu));
        let weights = [1e-9, -1e-9, 0.5, 0.25];
        let rounded = round(&weights, 2, &products, &[1e-6, 1e-6]).unwrap();
        assert_eq!(rounded.scales[0], 1e-6);
        assert_eq!(rounded.values[..2], [0, 0]);
        assert!(rounded.scales[1] > 1e-3);
    }
}
