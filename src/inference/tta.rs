//! Test-time augmentation: mean probabilities over the eight symmetric views of an image.
//!
//! Skin lesions have no preferred orientation, so all eight views have the same diagnosis, and averaging reduces the
//! variance of the prediction.

use super::classifier::Classifier;
use crate::imaging::resize::ResizeRule;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::probabilities::Probabilities;
use crate::{Diagnosis, Result};

/// Bytes per pixel.
const CHANNELS: usize = 3;

/// A classifier whose probabilities are means over the eight symmetric views of each image.
pub struct TestTimeAugmentation(Box<dyn Classifier>);

impl TestTimeAugmentation {
    /// Wraps a classifier. Prediction takes eight times as long.
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
            for (mean, row) in means.iter_mut().zip(self.0.probabilities(&views)?) {
                for (sum, probability) in mean.iter_mut().zip(row) {
                    *sum += probability / Symmetry::ALL.len() as f64;
                }
            }
        }
        Ok(means)
    }
}

/// A symmetry of the square: an optional transpose and flips of rows and columns. The eight combinations are the four
/// rotations, with and without reflection.
#[derive(Clone, Copy, Debug)]
struct Symmetry {
    transpose: bool,
    flip_vertical: bool,
    flip_horizontal: bool,
}

impl Symmetry {
    /// All eight; the first is the identity.
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

    const fn new(transpose: bool, flip_vertical: bool, flip_horizontal: bool) -> Self {
        Self {
            transpose,
            flip_vertical,
            flip_horizontal,
        }
    }

    /// The view of an image of `side` × `side` × 3 bytes. An image of another size is returned unchanged, for the
    /// classifier to refuse.
    fn view(self, image: &[u8], side: usize) -> Vec<u8> {
        if image.len() != side * side * CHANNELS {
            return image.to_vec();
        }
        let index = |flip: bool, i: usize| if flip { side - 1 - i } else { i };
        let mut view = Vec::with_capacity(image.len());
        for row in 0..side {
            for column in 0..side {
                let row = index(self.flip_vertical, row);
                let column = index(self.flip_horizontal, column);
                let pixel = if self.transpose {
                    column * side + row
                } else {
                    row * side + column
                };
                view.extend_from_slice(&image[pixel * CHANNELS..][..CHANNELS]);
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

    /// All pixels differ, so that all views differ.
    fn image() -> Vec<u8> {
        (0..SIDE * SIDE * CHANNELS).map(|byte| byte as u8).collect()
    }

    fn views(image: &[u8]) -> BTreeSet<Vec<u8>> {
        let views = Symmetry::ALL.iter().map(|s| s.view(image, SIDE));
        views.collect()
    }

    /// Predicts from one corner pixel, so that its probabilities depend on the view.
    struct CornerClassifier;

    impl Classifier for CornerClassifier {
        fn resize(&self) -> ResizeRule {
            ResizeRule::square(SIDE as u32)
        }

        fn metadata(&self) -> Option<&CheckpointMetadata> {
            None
        }

        fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>> {
            let predict = |image: &&[u8]| {
                let mut row = [0.0; Diagnosis::COUNT];
                row[0] = f64::from(image[0]) / 255.0;
                row[1] = 1.0 - row[0];
                row
            };
            Ok(images.iter().map(predict).collect())
        }
    }

    #[test]
    fn the_eight_views_differ_and_have_the_same_pixels() {
        let image = image();
        let views = views(&image);
        assert_eq!(views.len(), 8);
        assert!(views.contains(&image));
        let pixels = |view: &[u8]| -> BTreeSet<Vec<u8>> {
            view.chunks(CHANNELS).map(<[u8]>::to_vec).collect()
        };
        assert!(views.iter().all(|view| pixels(view) == pixels(&image)));
    }

    #[test]
    fn views_of_a_view_are_the_views_of_the_image() {
        let image = image();
        for symmetry in Symmetry::ALL {
            assert_eq!(views(&symmetry.view(&image, SIDE)), views(&image));
        }
    }

    #[test]
    fn probabilities_are_the_mean_over_the_views_and_equal_for_every_view() {
        let image = image();
        let tta = TestTimeAugmentation::new(Box::new(CornerClassifier));
        let corner = |row: usize, column: usize| image[(row * SIDE + column) * CHANNELS];
        let corners = [corner(0, 0), corner(0, 4), corner(4, 0), corner(4, 4)];
        let mean = corners.map(f64::from).iter().sum::<f64>() / 4.0 / 255.0;
        for symmetry in Symmetry::ALL {
            let view = symmetry.view(&image, SIDE);
            let rows = tta.probabilities(&[&view, &view]).unwrap();
            assert_eq!(rows.len(), 2);
            assert!((rows[1][0] - mean).abs() < 1e-12);
            assert!((rows[1].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn an_image_of_another_size_is_unchanged() {
        assert_eq!(Symmetry::ALL[5].view(&[1, 2, 3], SIDE), [1, 2, 3]);
    }
}
