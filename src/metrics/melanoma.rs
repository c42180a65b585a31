//! Melanoma in the two forms in which other studies report it: sensitivity at a fixed specificity, and against nevi
//! only.

use super::binary::Binary;
use crate::probabilities::Probabilities;
use crate::{Class, ClassList};

/// The specificity of `melanoma_sensitivity_at_90_specificity`.
pub const SPECIFICITY: f64 = 0.90;

/// Melanoma against nevus, over the images of these two diagnoses. Most external test sets have no others.
/// `None` if the list lacks one of the two classes.
pub fn against_nevus(
    classes: ClassList,
    truths: &[Class],
    probabilities: &[Probabilities],
) -> Option<Binary> {
    let pair = MelanomaAndNevus::of(classes)?;
    let images = truths.iter().zip(probabilities);
    let scored =
        images.filter_map(|(&truth, row)| Some((pair.score(row), pair.is_melanoma(truth)?)));
    Some(Binary::new(scored))
}

/// The two classes.
#[derive(Clone, Copy)]
pub(super) struct MelanomaAndNevus {
    melanoma: Class,
    nevus: Class,
}

impl MelanomaAndNevus {
    /// The two classes of a list that has both.
    pub fn of(classes: ClassList) -> Option<Self> {
        Some(Self {
            melanoma: classes.melanoma()?,
            nevus: classes.nevus()?,
        })
    }

    /// p_mel / (p_mel + p_nv); ½ if both are 0.
    pub fn score(self, row: &Probabilities) -> f64 {
        let [melanoma, nevus] = [self.melanoma, self.nevus].map(|class| row[class.index()]);
        match melanoma + nevus {
            0.0 => 0.5,
            sum => melanoma / sum,
        }
    }

    /// Whether an image of a melanoma or a nevus shows a melanoma; `None` for other classes.
    pub fn is_melanoma(self, truth: Class) -> Option<bool> {
        [self.melanoma, self.nevus]
            .contains(&truth)
            .then(|| truth == self.melanoma)
    }
}
