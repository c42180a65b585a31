//! Teachers for knowledge distillation (Hinton et al. 2015). Teacher and student get the same augmented images
//! (Beyer et al. 2022).

use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::dataset::Dataset;
use crate::evaluation::leakage;
use crate::imaging::resize::ResizeRule;
use crate::model::checkpoint::Checkpoint;
use crate::model::inference_network::InferenceNetwork;
use crate::model::seen::Seen;
use crate::model::{fuse, input};

/// One teacher, or an ensemble of several whose probabilities are averaged. An image is answered only by the teachers
/// that were not trained on its lesion, if there are such: out of fold, if the teachers are those of all folds.
pub struct Teacher {
    classes: usize,
    networks: Vec<InferenceNetwork>,
    /// For each row of the dataset, the networks that were not trained on its lesion.
    unseen_by: Vec<Vec<usize>>,
    /// The images that the teachers were trained and selected on. They count as seen by the student, too.
    pub seen: Seen,
}

impl Teacher {
    /// Reads the teachers' checkpoints. Returns `None` if `paths` is empty.
    ///
    /// # Errors
    /// Fails if a checkpoint cannot be read, if a teacher was trained on lesions of the validation or test split or
    /// selected on lesions of the test split, or if it has other classes or needs another resize rule than the
    /// dataset's. Another image size is allowed.
    pub fn open(paths: &[PathBuf], dataset: &Dataset, device: Device) -> Result<Option<Self>> {
        if paths.is_empty() {
            return Ok(None);
        }
        let mut teacher = Self {
            classes: dataset.info.classes.len(),
            networks: Vec::new(),
            unseen_by: vec![Vec::new(); dataset.rows.len()],
            seen: Seen::default(),
        };
        for path in paths {
            teacher.add(path, dataset, device)?;
        }
        Ok(Some(teacher))
    }

    fn add(&mut self, path: &Path, dataset: &Dataset, device: Device) -> Result<()> {
        let checkpoint = Checkpoint::read(path)?;
        let metadata = checkpoint.metadata;
        leakage::refuse_leak(path, &metadata, dataset)?;
        dataset
            .refuse_other_classes(metadata.classes, &format!("the teacher {}", path.display()))?;
        // Another image size is allowed, another resize rule is not.
        let needed = ResizeRule {
            size: dataset.info.resize.size,
            ..metadata.resize
        };
        dataset.refuse_other_resize(needed, &format!("the teacher {}", path.display()))?;
        let fused = fuse::fuse(&metadata.architecture.network(), &checkpoint.tensors)?;
        let trained_on = leakage::trained_on(&metadata, dataset);
        for (row, unseen_by) in dataset.rows.iter().zip(&mut self.unseen_by) {
            if !trained_on(&row.sample) {
                unseen_by.push(self.networks.len());
            }
        }
        self.networks
            .push(InferenceNetwork::reduced(&fused, device)?);
        self.seen.extend(&metadata.seen);
        Ok(())
    }

    /// How many of these rows of the dataset are answered out of fold.
    pub fn out_of_fold(&self, rows: &[usize]) -> usize {
        let is_out_of_fold = |row: &&usize| !self.unseen_by[**row].is_empty();
        rows.iter().filter(is_out_of_fold).count()
    }

    /// The teachers' mean probabilities (N × classes) at a temperature, for a normalised batch of images that are those
    /// of N rows of the dataset.
    pub fn probabilities(&self, images: &Tensor, rows: &[usize], temperature: f64) -> Tensor {
        let answer = |network: &InferenceNetwork, images: &Tensor| {
            (network.forward(images) / temperature).softmax(-1, Kind::Float)
        };
        let answers = |row: usize, network: usize| {
            let unseen_by = &self.unseen_by[row];
            unseen_by.is_empty() || unseen_by.contains(&network)
        };
        let numbers = 0..self.networks.len();
        let by_all = |&row: &usize| numbers.clone().all(|network| answers(row, network));
        tch::no_grad(|| {
            if rows.iter().all(by_all) {
                let networks = self.networks.iter();
                let all: Vec<Tensor> = networks.map(|network| answer(network, images)).collect();
                return Tensor::stack(&all, 0).mean_dim(&[0i64][..], false, Kind::Float);
            }
            let shape = [rows.len() as i64, self.classes as i64];
            let mut sums = Tensor::zeros(shape, (Kind::Float, images.device()));
            let mut counts = Tensor::zeros([shape[0], 1], (Kind::Float, images.device()));
            for (number, network) in self.networks.iter().enumerate() {
                let positions = rows.iter().zip(0i64..);
                let answered = positions.filter(|&(&row, _)| answers(row, number));
                let answered: Vec<i64> = answered.map(|(_, position)| position).collect();
                if answered.is_empty() {
                    continue;
                }
                let answered = Tensor::from_slice(&answered).to_device(images.device());
                let part = input::channels_last(&images.index_select(0, &answered));
                let _ = sums.index_add_(0, &answered, &answer(network, &part));
                let _ = counts.index_add_(
                    0,
                    &answered,
                    &answered.ones_like().to_kind(Kind::Float).unsqueeze(1),
                );
            }
            sums / counts
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::architecture::Architecture;
    use crate::model::mobilenet_v2::MobileNetV2;

    fn network(seed: u64) -> InferenceNetwork {
        let architecture = Architecture {
            width: 0.1,
            classes: 7,
        };
        let model = MobileNetV2::random(architecture, seed, Device::Cpu).unwrap();
        let fused = fuse::fuse(model.network(), model.tensors()).unwrap();
        InferenceNetwork::new(&fused, Device::Cpu).unwrap()
    }

    #[test]
    fn an_image_is_answered_by_the_teachers_that_have_not_seen_its_lesion_or_else_by_all() {
        let teacher = Teacher {
            classes: 7,
            networks: vec![network(1), network(2), network(3)],
            unseen_by: vec![vec![1], vec![], vec![0, 2], vec![0, 1, 2]],
            seen: Seen::default(),
        };
        assert_eq!(teacher.out_of_fold(&[0, 1, 1, 2]), 2);
        let waves = Tensor::arange(3 * 3 * 32 * 32, (Kind::Float, Device::Cpu)).sin() * 3.0;
        let images = input::channels_last(&waves.view([3, 3, 32, 32]));
        let alone = |network: usize, position: i64| {
            let logits = teacher.networks[network].forward(&images.narrow(0, position, 1));
            (logits / 2.0).softmax(-1, Kind::Float)
        };
        let differ =
            |one: &Tensor, other: &Tensor| (one - other).abs().max().double_value(&[]) > 1e-5;
        assert!(differ(&alone(0, 0), &alone(1, 0)));
        for rows in [[0, 2, 1], [1, 3, 1], [2, 2, 0]] {
            let all = teacher.probabilities(&images, &rows, 2.0);
            for (position, row) in (0..).zip(rows) {
                let by: &[usize] = match &*teacher.unseen_by[row] {
                    [] => &[0, 1, 2],
                    some => some,
                };
                let answers: Vec<Tensor> = by.iter().map(|&n| alone(n, position)).collect();
                let mean = Tensor::cat(&answers, 0).mean_dim(&[0i64][..], true, Kind::Float);
                assert!(!differ(&all.narrow(0, position, 1), &mean), "{rows:?}");
            }
        }
    }
}
