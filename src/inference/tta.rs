//! Test-time augmentation: mean probabilities over the eight symmetric views of an image.
//!
//! Skin lesions have no preferred orientation, so all eight views have the same diagnosis, and averaging reduces the
//! variance of the prediction.

use image::RgbImage;

use super::classifier::{Classifier, Outputs};
use crate::imaging::resize::ResizeRule;
use crate::imaging::symmetry::Symmetry;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::probabilities::Probabilities;
use crate::{ClassList, Result};

/// A classifier whose probabilities are means over the eight symmetric views of each image.
pub struct TestTimeAugmentation(Box<dyn Classifier>);

impl TestTimeAugmentation {
    /// Wraps a classifier. Prediction takes eight times as long.
    pub fn new(classifier: Box<dyn Classifier>) -> Self {
        Self(classifier)
    }
}

impl Classifier for TestTimeAugmentation {
    fn classes(&self) -> ClassList {
        self.0.classes()
    }

    fn resize(&self) -> ResizeRule {
        self.0.resize()
    }

    fn metadata(&self) -> Option<&CheckpointMetadata> {
        self.0.metadata()
    }

    fn decisions(&self) -> &Decisions {
        self.0.decisions()
    }

    fn networks(&self) -> usize {
        self.0.networks()
    }

    fn uses_tta(&self) -> bool {
        true
    }

    fn novelty(&self) -> Option<NoveltyRule> {
        self.0.novelty()
    }

    /// The novelty scores are those of the images as they are, for which the threshold was chosen.
    fn outputs(&self, images: &[&[u8]]) -> Result<Outputs> {
        let mut novelty = None;
        let side = self.0.resize().size as usize;
        let mut means = vec![Probabilities::zeros(self.classes()); images.len()];
        for symmetry in Symmetry::ALL {
            let views: Vec<Vec<u8>> = images.iter().map(|i| view(i, side, symmetry)).collect();
            let views: Vec<&[u8]> = views.iter().map(Vec::as_slice).collect();
            let outputs = self.0.outputs(&views)?;
            if symmetry == Symmetry::IDENTITY {
                novelty = outputs.novelty;
            }
            for (mean, row) in means.iter_mut().zip(outputs.probabilities) {
                for (sum, probability) in mean.iter_mut().zip(row.iter()) {
                    *sum += probability / Symmetry::ALL.len() as f64;
                }
            }
        }
        Ok(Outputs {
            probabilities: means,
            novelty,
        })
    }
}

/// The view of an image of `side` × `side` × 3 bytes. An image of another size is returned unchanged, for the
/// classifier to refuse.
fn view(image: &[u8], side: usize, symmetry: Symmetry) -> Vec<u8> {
    let bytes = image.to_vec();
    match RgbImage::from_raw(side as u32, side as u32, bytes) {
        Some(square) if image.len() == side * side * 3 => symmetry.apply(&square).into_raw(),
        _ => image.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham10000;

    const SIDE: usize = 5;

    /// All pixels differ, so that all views differ.
    fn image() -> Vec<u8> {
        (0..SIDE * SIDE * 3).map(|byte| byte as u8).collect()
    }

    /// Predicts from one corner pixel, so that its probabilities depend on the view.
    struct CornerClassifier;

    impl Classifier for CornerClassifier {
        fn decisions(&self) -> &Decisions {
            unreachable!("these tests read probabilities only")
        }

        fn classes(&self) -> ClassList {
            ham10000()
        }

        fn resize(&self) -> ResizeRule {
            ResizeRule::square(SIDE as u32)
        }

        fn metadata(&self) -> Option<&CheckpointMetadata> {
            None
        }

        fn outputs(&self, images: &[&[u8]]) -> Result<Outputs> {
            let predict = |image: &&[u8]| {
                let mut row = Probabilities::zeros(ham10000());
                row[0] = f64::from(image[0]) / 255.0;
                row[1] = 1.0 - row[0];
                row
            };
            Ok(images.iter().map(predict).collect::<Vec<_>>().into())
        }
    }

    #[test]
    fn probabilities_are_the_mean_over_the_views_and_equal_for_every_view() {
        let image = image();
        let tta = TestTimeAugmentation::new(Box::new(CornerClassifier));
        let corner = |row: usize, column: usize| image[(row * SIDE + column) * 3];
        let corners = [corner(0, 0), corner(0, 4), corner(4, 0), corner(4, 4)];
        let mean = corners.map(f64::from).iter().sum::<f64>() / 4.0 / 255.0;
        for symmetry in Symmetry::ALL {
            let view = view(&image, SIDE, symmetry);
            let rows = tta.probabilities(&[&view, &view]).unwrap();
            assert_eq!(rows.len(), 2);
            assert!((rows[1][0] - mean).abs() < 1e-12);
            assert!((rows[1].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn an_image_of_another_size_is_unchanged() {
        assert_eq!(view(&[1, 2, 3], SIDE, Symmetry::ALL[5]), [1, 2, 3]);
    }
}
