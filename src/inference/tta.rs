//! Test-time augmentation: a skin lesion has no top and no left side, so the answers to its eight views say
//! the same thing eight times, with errors of their own.

use super::classifier::Classifier;
use crate::imaging::resize::ResizeRule;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::probabilities::Probabilities;
use crate::{Diagnosis, Result};

/// Bytes of a pixel.
const COLOURS: usize = 3;

/// Any classifier, asked about the eight symmetric views of each image; its answer is their mean.
pub struct TestTimeAugmentation(Box<dyn Classifier>);

impl TestTimeAugmentation {
    /// Wraps a classifier, which then takes eight times as long.
    pub fn new(classifier: Box<dyn Classifier>) -> Self {
        Self(classifier)
    }
}

impl Classifier for TestTimeAugmentation {
    fn resize(&self) -> ResizeRule {
        self.0.resize()
    }

    fn metadata(&self) -> Option<&CheckpointMetadata> {
        self.0.metadata()
    }

    fn uses_tta(&self) -> bool {
        true
    }

    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>> {
        let side = self.0.resize().size as usize;
        let mut means = vec![[0.0; Diagnosis::COUNT]; images.len()];
        for symmetry in Symmetry::ALL {
            let views: Vec<Vec<u8>> = images.iter().map(|i| symmetry.view(i, side)).collect();
            let views: Vec<&[u8]> = views.iter().map(Vec::as_slice).collect();
            for (mean, answer) in means.iter_mut().zip(self.0.probabilities(&views)?) {
                for (sum, probability) in mean.iter_mut().zip(answer) {
                    *sum += probability / Symmetry::ALL.len() as f64;
                }
            }
        }
        Ok(means)
    }
}

/// A symmetry of the square: rows and columns may change places, and each may be read backwards. These are
/// the four rotations, with and without a mirror.
#[derive(Clone, Copy, Debug)]
struct Symmetry {
    transposed: bool,
    upside_down: bool,
    mirrored: bool,
}

impl Symmetry {
    /// All eight; the first changes nothing.
    const ALL: [Self; 8] = [
        Self::new(false, false, false),
        Self::new(false, false, true),
        Self::new(false, true, false),
        Self::new(false, true, true),
        Self::new(true, false, false),
        Self::new(true, false, true),
        Self::new(true, true, false),
        Self::new(true, true, true),
    ];

    const fn new(transposed: bool, upside_down: bool, mirrored: bool) -> Self {
        Self {
            transposed,
            upside_down,
            mirrored,
        }
    }

    /// The view of an image of `side` × `side` interleaved pixels. An image of another size is left as it is,
    /// for the network to refuse.
    fn view(self, image: &[u8], side: usize) -> Vec<u8> {
        if image.len() != side * side * COLOURS {
            return image.to_vec();
        }
        let at = |backwards: bool, place: usize| if backwards { side - 1 - place } else { place };
        let mut view = Vec::with_capacity(image.len());
        for row in 0..side {
            for column in 0..side {
                let (row, column) = (at(self.upside_down, row), at(self.mirrored, column));
                let pixel = if self.transposed {
                    column * side + row
                } else {
                    row * side + column
                };
                view.extend_from_slice(&image[pixel * COLOURS..][..COLOURS]);
            }
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SIDE: usize = 5;

    /// Every pixel different, so that no two views of it are alike.
    fn image() -> Vec<u8> {
        (0..SIDE * SIDE * COLOURS).map(|byte| byte as u8).collect()
    }

    fn views(image: &[u8]) -> BTreeSet<Vec<u8>> {
        let views = Symmetry::ALL.iter().map(|s| s.view(image, SIDE));
        views.collect()
    }

    /// Looks at one corner alone, so that it answers every view otherwise.
    struct Corner;

    impl Classifier for Corner {
        fn resize(&self) -> ResizeRule {
            ResizeRule::square(SIDE as u32)
        }

        fn metadata(&self) -> Option<&CheckpointMetadata> {
            None
        }

        fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>> {
            let answer = |image: &&[u8]| {
                let mut answer = [0.0; Diagnosis::COUNT];
                answer[0] = f64::from(image[0]) / 255.0;
                answer[1] = 1.0 - answer[0];
                answer
            };
            Ok(images.iter().map(answer).collect())
        }
    }

    #[test]
    fn the_eight_views_differ_and_hold_the_same_pixels() {
        let image = image();
        let views = views(&image);
        assert_eq!(views.len(), 8);
        assert!(views.contains(&image));
        let pixels = |view: &[u8]| -> BTreeSet<Vec<u8>> {
            view.chunks(COLOURS).map(<[u8]>::to_vec).collect()
        };
        assert!(views.iter().all(|view| pixels(view) == pixels(&image)));
    }

    #[test]
    fn a_view_has_the_views_of_its_image() {
        let image = image();
        for symmetry in Symmetry::ALL {
            assert_eq!(views(&symmetry.view(&image, SIDE)), views(&image));
        }
    }

    #[test]
    fn the_answer_is_the_mean_over_the_views_and_the_same_for_every_view() {
        let image = image();
        let averaged = TestTimeAugmentation::new(Box::new(Corner));
        let corner = |row: usize, column: usize| image[(row * SIDE + column) * COLOURS];
        let corners = [corner(0, 0), corner(0, 4), corner(4, 0), corner(4, 4)];
        let mean = corners.map(f64::from).iter().sum::<f64>() / 4.0 / 255.0;
        for symmetry in Symmetry::ALL {
            let view = symmetry.view(&image, SIDE);
            let answers = averaged.probabilities(&[&view, &view]).unwrap();
            assert_eq!(answers.len(), 2);
            assert!((answers[1][0] - mean).abs() < 1e-12);
            assert!((answers[1].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn an_image_of_another_size_is_left_to_the_network() {
        assert_eq!(Symmetry::ALL[5].view(&[1, 2, 3], SIDE), [1, 2, 3]);
    }
}
