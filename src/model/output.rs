//! Conversion of logits to probabilities.

use tch::{Device, Kind, Tensor};

use crate::probabilities::Probabilities;
use crate::{ClassList, Error, Result};

/// The softmax of logits (N × classes), in double precision.
pub fn probabilities(classes: ClassList, logits: &Tensor) -> Result<Vec<Probabilities>> {
    let on_cpu = logits.detach().to_device(Device::Cpu);
    rows(classes, &on_cpu.softmax(-1, Kind::Double))
}

/// The values of a tensor of one number for each image (N × 1).
pub fn scores(values: &Tensor) -> Result<Vec<f64>> {
    Vec::try_from(
        values
            .to_kind(Kind::Double)
            .to_device(Device::Cpu)
            .contiguous()
            .view(-1),
    )
    .map_err(Error::torch("reading novelty scores"))
}

/// The rows of an N × classes tensor on the CPU.
pub fn rows(classes: ClassList, probabilities: &Tensor) -> Result<Vec<Probabilities>> {
    let flat: Vec<f64> = Vec::try_from(probabilities.to_kind(Kind::Double).contiguous().view(-1))
        .map_err(Error::torch("reading probabilities"))?;
    let row = |values: &[f64]| Probabilities::new(classes, values.iter().copied());
    Ok(flat.chunks_exact(classes.len()).map(row).collect())
}
