//! Conversion of logits to probabilities.

use tch::{Device, Kind, Tensor};

use crate::probabilities::Probabilities;
use crate::{Diagnosis, Error, Result};

/// The softmax of logits (N × 7), in double precision.
pub fn probabilities(logits: &Tensor) -> Result<Vec<Probabilities>> {
    let on_cpu = logits.detach().to_device(Device::Cpu);
    rows(&on_cpu.softmax(-1, Kind::Double))
}

/// The rows of an N × 7 tensor on the CPU.
pub fn rows(probabilities: &Tensor) -> Result<Vec<Probabilities>> {
    let flat: Vec<f64> = Vec::try_from(probabilities.to_kind(Kind::Double).contiguous().view(-1))
        .map_err(Error::torch("reading probabilities"))?;
    let row = |values: &[f64]| {
        let mut row = [0.0; Diagnosis::COUNT];
        row.copy_from_slice(values);
        row
    };
    Ok(flat.chunks_exact(Diagnosis::COUNT).map(row).collect())
}
