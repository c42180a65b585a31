//! Weights as whole numbers, rounded so that a layer's *output* changes least, rather than each weight by itself.

use tch::{Kind, Tensor};

use crate::{Error, Result};

/// The largest code of a weight; the smallest is its negative, so that 0 lies in the middle.
const LARGEST: f64 = 127.0;

/// Steps tried for each channel: from one that reaches its largest weight down to 40 % of that.
const STEPS: usize = 61;

/// Added to the diagonal of the inputs' products, as a share of its mean, so that it can be inverted.
const DAMPING: f64 = 0.01;

/// The weights of the outputs that see the same inputs.
pub struct Rounded {
    /// outputs × inputs, row-major.
    pub codes: Vec<i8>,
    /// The step of each output's codes.
    pub scales: Vec<f32>,
}

/// Rounds weights (outputs × inputs) one input after the other, and makes up for each error with the weights not yet
/// rounded: GPTQ (Frantar et al. 2022, <https://arxiv.org/abs/2210.17323>), algorithm 1 without its blocks, largest
/// inputs first.
///
/// `products` (inputs × inputs, double) holds the sums over the calibration images of each two inputs' product.
pub fn round(weights: &[f32], inputs: usize, products: &Tensor) -> Result<Rounded> {
    let sizes: Vec<f64> = floats(&products.diag(0))?;
    let scales: Vec<f32> = weights
        .chunks_exact(inputs)
        .map(|row| step(row, &sizes))
        .collect();
    let (order, factor) = factor(products, inputs)?;
    let mut codes = vec![0; weights.len()];
    for (output, row) in weights.chunks_exact(inputs).enumerate() {
        let scale = f64::from(scales[output]);
        let mut left: Vec<f64> = order.iter().map(|&i| f64::from(row[i])).collect();
        for place in 0..inputs {
            let code = (left[place] / scale).round().clamp(-LARGEST, LARGEST);
            codes[output * inputs + order[place]] = code as i8;
            let along = &factor[place * inputs + place..(place + 1) * inputs];
            let error = (left[place] - code * scale) / along[0];
            for (weight, share) in left[place..].iter_mut().zip(along) {
                *weight -= error * share;
            }
        }
    }
    Ok(Rounded { codes, scales })
}

/// The step with the least squared error of a channel's weights, each counted by the size of its input.
fn step(weights: &[f32], sizes: &[f64]) -> f32 {
    let largest = weights.iter().fold(0f32, |a, w| a.max(w.abs()));
    let full = f64::from(largest.max(f32::MIN_POSITIVE)) / LARGEST;
    let error = |scale: f64| -> f64 {
        let one = |(&weight, size): (&f32, &f64)| {
            let code = (f64::from(weight) / scale).round();
            size * (code.clamp(-LARGEST, LARGEST) * scale - f64::from(weight)).powi(2)
        };
        weights.iter().zip(sizes).map(one).sum()
    };
    let candidates = (0..STEPS).map(|i| full * (1.0 - 0.6 * i as f64 / (STEPS - 1) as f64));
    let best = candidates.min_by(|&a, &b| error(a).total_cmp(&error(b)));
    best.unwrap_or(full) as f32
}

/// The inputs, largest first, and the upper Cholesky factor of the inverse of their products in that order.
fn factor(products: &Tensor, inputs: usize) -> Result<(Vec<usize>, Vec<f64>)> {
    let decompose = || -> Result<(Tensor, Tensor), tch::TchError> {
        let diagonal = products.f_diag(0)?;
        let order = diagonal.f_argsort(0, true)?;
        let damping = DAMPING * diagonal.f_mean(Kind::Double)?.f_double_value(&[])?;
        // An input that is always 0 has no products; any number on the diagonal will do.
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

    fn error(rounded: &Rounded, weights: &[f32], inputs: &[[f64; 2]]) -> f64 {
        let of = |x: &[f64; 2]| {
            let off = |i: usize| {
                f64::from(weights[i]) - f64::from(rounded.codes[i]) * f64::from(rounded.scales[0])
            };
            (off(0) * x[0] + off(1) * x[1]).powi(2)
        };
        inputs.iter().map(of).sum()
    }

    #[test]
    fn an_error_is_made_up_for_where_two_inputs_go_together() {
        // Both inputs are nearly the same, so only the sum of the weights matters.
        let inputs: Vec<[f64; 2]> = (1..50)
            .map(|i| [f64::from(i), f64::from(i) + 0.01])
            .collect();
        let flat: Vec<f64> = inputs.iter().flatten().copied().collect();
        let x = Tensor::from_slice(&flat).view([-1, 2]);
        let products = x.tr().matmul(&x);
        let weights = [1.0, 0.3333];
        let rounded = round(&weights, 2, &products).unwrap();
        let scale = f64::from(rounded.scales[0]);
        let nearest = Rounded {
            codes: weights
                .map(|w| (f64::from(w) / scale).round() as i8)
                .to_vec(),
            scales: rounded.scales.clone(),
        };
        assert!(error(&rounded, &weights, &inputs) <= error(&nearest, &weights, &inputs));
    }

    #[test]
    fn inputs_that_are_always_zero_are_survived() {
        let products = Tensor::zeros([3, 3], (Kind::Double, tch::Device::Cpu));
        let rounded = round(&[0.5, -1.0, 0.0], 3, &products).unwrap();
        assert_eq!(rounded.codes.len(), 3);
        assert!(rounded.scales[0] > 0.0);
    }
}
