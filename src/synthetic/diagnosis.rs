//! What the drawn lesions are: the seven classes of HAM10000.

use crate::Class;
use crate::classes::ham10000;

/// A diagnosis that can be drawn, in the order of [`ham10000`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Diagnosis {
    /// Actinic keratosis.
    Akiec,
    /// Basal cell carcinoma.
    Bcc,
    /// Benign keratosis.
    Bkl,
    /// Dermatofibroma.
    Df,
    /// Melanoma.
    Mel,
    /// Melanocytic nevus.
    Nv,
    /// Vascular lesion.
    Vasc,
}

impl Diagnosis {
    /// All of them, in class order.
    pub const ALL: [Self; 7] = [
        Self::Akiec,
        Self::Bcc,
        Self::Bkl,
        Self::Df,
        Self::Mel,
        Self::Nv,
        Self::Vasc,
    ];

    /// The class of HAM10000.
    pub fn class(self) -> Class {
        #[expect(clippy::expect_used, reason = "seven of seven")]
        ham10000()
            .get(self as usize)
            .expect("ham10000 has seven classes")
    }
}
