//! Progressive resizing: training images grow over a run.

use super::config::TrainingConfig;

/// Sides of training images are multiples of this, half of the network's total stride. Finer steps would be rounded
/// away in the last layers.
const SIZE_STEP: f64 = 16.0;

/// The side of training images in an epoch (from 1), in pixels. It grows linearly from `first_size` to `last_size`;
/// 0 means the dataset's size.
pub fn size(config: &TrainingConfig, epoch: usize, dataset: usize) -> usize {
    let [first, last] = [config.first_size, config.last_size].map(|size| match size {
        0 => dataset,
        size => size.min(dataset),
    });
    if epoch >= config.epochs {
        return last;
    }
    let progress = (epoch - 1) as f64 / (config.epochs - 1) as f64;
    let size = first as f64 + (last as f64 - first as f64) * progress;
    // The ends need not be multiples of the step.
    ((size / SIZE_STEP).round() * SIZE_STEP).clamp(first.min(last) as f64, first.max(last) as f64)
        as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Phase;
    use crate::training::config::resolve;

    fn config(changes: &[&str]) -> TrainingConfig {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        resolve::resolve(Phase::Finetune, None, &changes).unwrap()
    }

    #[test]
    fn images_grow_from_the_first_to_the_last_size_but_not_beyond_the_dataset() {
        let growing = config(&["epochs=5", "first_size=96", "last_size=160"]);
        let sizes = |dataset| {
            (1..=5)
                .map(|epoch| size(&growing, epoch, dataset))
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(224), [96, 112, 128, 144, 160]);
        assert_eq!(sizes(120), [96, 96, 112, 112, 120]);
        let plain = config(&["epochs=2", "first_size=0", "last_size=0"]);
        assert_eq!(size(&plain, 1, 200), 200);
    }
}
