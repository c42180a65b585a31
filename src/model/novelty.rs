//! The novelty score: how far the pooled features of an image lie from those of the training images.
//!
//! It is the squared norm of the residual outside the principal subspace of the training features, as in ViM (Wang et
//! al., "ViM: Out-of-Distribution with Virtual-logit Matching", CVPR 2022), without its logits. With f the features, µ
//! their mean and P the principal directions as orthonormal rows: ‖f − µ‖² − ‖P(f − µ)‖². docs/evaluation.md has the
//! measured alternatives, among them the Mahalanobis distance (Lee et al. 2018).

use tch::{Kind, Tensor};

use super::state_dict::{self, NamedTensors};
use crate::{Error, Result};

/// Name of the mean's tensor.
pub const MEAN: &str = "novelty.mean";

/// Name of the directions' tensor.
pub const DIRECTIONS: &str = "novelty.directions";

/// The largest number of principal directions.
const MOST_DIRECTIONS: usize = 32;

/// The largest size of the statistics in a file, in bytes.
const MOST_BYTES: usize = 200_000;

/// The least variance of a direction, as a fraction of the largest: less is rounding.
const LEAST_VARIANCE: f64 = 1e-10;

/// The statistics of the features of training images.
#[derive(Clone, Debug, PartialEq)]
pub struct Novelty {
    /// The mean of each feature.
    pub mean: Vec<f32>,
    /// The principal directions: k × features, row-major, orthonormal rows.
    pub directions: Vec<f32>,
}

impl Novelty {
    /// Fits the statistics on features (N × features, f32 on the CPU), with fewer directions than images. `None` for
    /// fewer than three images, and if all are the same.
    pub fn fit(features: &Tensor) -> Result<Option<Self>> {
        let (images, width) = features.size2().map_err(failed())?;
        let affordable = (MOST_BYTES / 4 / width.max(1) as usize).saturating_sub(1);
        let count = (images - 2).min(MOST_DIRECTIONS.min(affordable) as i64);
        if count < 1 {
            return Ok(None);
        }
        let features = features.to_kind(Kind::Double);
        let mean = features.mean_dim(&[0i64][..], true, Kind::Double);
        let centred = features - &mean;
        // The covariance has the directions as eigenvectors. With fewer images than features, the smaller matrix of
        // products of images has the same eigenvalues, and gives the directions as sums of images.
        let few = images < width;
        let products = match few {
            true => centred.matmul(&centred.tr()),
            false => centred.tr().matmul(&centred),
        };
        let (values, vectors) = products.f_linalg_eigh("L").map_err(failed())?;
        let spread = values.max() * LEAST_VARIANCE;
        let varied = values.gt_tensor(&spread.clamp_min(0.0)).sum(Kind::Int64);
        let count = count.min(varied.int64_value(&[]));
        if count < 1 {
            return Ok(None);
        }
        let last = vectors.narrow(1, vectors.size()[1] - count, count).tr();
        let directions = if few { last.matmul(&centred) } else { last };
        let norms = directions.norm_scalaropt_dim(2.0, [1i64], true);
        let directions = directions / norms.clamp_min(f64::MIN_POSITIVE);
        Ok(Some(Self {
            mean: state_dict::to_floats(&mean)?,
            directions: state_dict::to_floats(&directions)?,
        }))
    }

    /// The number of principal directions.
    pub fn count(&self) -> usize {
        self.directions.len() / self.mean.len().max(1)
    }

    /// The tensors by name: the mean, and the directions as k × features.
    pub fn tensors(&self) -> NamedTensors {
        let shape = [self.count() as i64, self.mean.len() as i64];
        NamedTensors::from([
            (MEAN.to_owned(), Tensor::from_slice(&self.mean)),
            (
                DIRECTIONS.to_owned(),
                Tensor::from_slice(&self.directions).view(shape),
            ),
        ])
    }

    /// Reads the statistics for so many features from tensors. `None` if there are none, or not such ones.
    pub fn of_tensors(tensors: &NamedTensors, features: usize) -> Result<Option<Self>> {
        let (Some(mean), Some(directions)) = (tensors.get(MEAN), tensors.get(DIRECTIONS)) else {
            return Ok(None);
        };
        let (mean, directions) = (
            state_dict::to_floats(mean)?,
            state_dict::to_floats(directions)?,
        );
        Ok(Self::of_values(mean, directions, features))
    }

    /// The statistics for so many features; `None` for values of another shape and for such that are no numbers.
    pub fn of_values(mean: Vec<f32>, directions: Vec<f32>, features: usize) -> Option<Self> {
        let fits = mean.len() == features
            && !directions.is_empty()
            && directions.len().is_multiple_of(features.max(1));
        let mut values = mean.iter().chain(&directions);
        (fits && values.all(|value| value.is_finite())).then_some(Self { mean, directions })
    }
}

/// The novelty scores (N × 1) of features (N × features): mean 1 × features, directions k × features.
pub fn scores(features: &Tensor, mean: &Tensor, directions: &Tensor) -> Tensor {
    let centred = features - mean;
    let inside = centred.matmul(&directions.tr());
    let squares =
        |values: &Tensor| (values * values).sum_dim_intlist(&[1i64][..], true, Kind::Float);
    squares(&centred) - squares(&inside)
}

fn failed() -> impl FnOnce(tch::TchError) -> Error {
    Error::torch("fitting the novelty score")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    /// Features that vary along the first two of four axes, the first more.
    fn flat(images: i64) -> Tensor {
        let at = Tensor::arange(images, (Kind::Float, Device::Cpu));
        let zero = at.zeros_like();
        Tensor::stack(&[at.sin() * 5.0, at.cos(), zero.copy(), zero + 2.0], 1)
    }

    fn score(novelty: &Novelty, features: &[f32]) -> f64 {
        let tensors = novelty.tensors();
        let features = Tensor::from_slice(features).view([1, -1]);
        scores(&features, &tensors[MEAN], &tensors[DIRECTIONS]).double_value(&[0, 0])
    }

    #[test]
    fn the_score_is_the_squared_distance_from_the_plane_of_the_training_features() {
        for images in [4, 40] {
            let novelty = Novelty::fit(&flat(images)).unwrap().unwrap();
            assert!(score(&novelty, &[30.0, 3.0, 0.0, 2.0]) < 1e-3);
            let away = score(&novelty, &[1.0, 0.0, 3.0, 6.0]);
            assert!((away - 25.0).abs() < 1e-3, "{images}: {away}");
        }
    }

    #[test]
    fn too_few_or_equal_images_give_no_score_and_tensors_of_another_shape_are_not_read() {
        assert_eq!(Novelty::fit(&flat(2)).unwrap(), None);
        let same = Tensor::ones([9, 4], (Kind::Float, Device::Cpu));
        assert_eq!(Novelty::fit(&same).unwrap(), None);
        let novelty = Novelty::fit(&flat(9)).unwrap().unwrap();
        let read = |features| Novelty::of_tensors(&novelty.tensors(), features).unwrap();
        assert_eq!(read(4).as_ref(), Some(&novelty));
        assert_eq!(read(5), None);
    }
}
