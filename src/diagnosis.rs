//! The seven classes of HAM10000.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// A diagnosis. Probability vectors, tables and plots use the order of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumString, IntoStaticStr)]
// ISIC's files write the codes in capitals.
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
#[strum(parse_err_ty = UnknownDiagnosis, parse_err_fn = unknown)]
pub enum Diagnosis {
    /// Actinic keratoses and intraepithelial carcinoma (Bowen's disease).
    Akiec,
    /// Basal cell carcinoma.
    Bcc,
    /// Benign keratosis-like lesions.
    Bkl,
    /// Dermatofibroma.
    Df,
    /// Melanoma.
    Mel,
    /// Melanocytic nevi.
    Nv,
    /// Vascular lesions.
    Vasc,
}

impl Diagnosis {
    /// The number of diagnoses.
    pub const COUNT: usize = 7;

    /// All diagnoses, in class order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Akiec,
        Self::Bcc,
        Self::Bkl,
        Self::Df,
        Self::Mel,
        Self::Nv,
        Self::Vasc,
    ];

    /// The index in probability vectors, 0 to 6.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The diagnosis with this index, if there is one.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// The short code, as in the metadata.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The full name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Akiec => "actinic keratosis or Bowen's disease",
            Self::Bcc => "basal cell carcinoma",
            Self::Bkl => "benign keratosis",
            Self::Df => "dermatofibroma",
            Self::Mel => "melanoma",
            Self::Nv => "melanocytic nevus",
            Self::Vasc => "vascular lesion",
        }
    }

    /// Whether it counts as malignant. akiec does, because it includes carcinoma in situ.
    pub fn is_malignant(self) -> bool {
        matches!(self, Self::Akiec | Self::Bcc | Self::Mel)
    }

    /// The seven codes as "akiec, bcc, …", for messages.
    pub fn codes() -> String {
        Self::ALL.map(Self::code).join(", ")
    }
}

/// The text is not a diagnosis code.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not one of {codes}", codes = Diagnosis::codes())]
pub struct UnknownDiagnosis(pub String);

fn unknown(text: &str) -> UnknownDiagnosis {
    UnknownDiagnosis(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_alphabetical_and_fixed() {
        assert_eq!(Diagnosis::codes(), "akiec, bcc, bkl, df, mel, nv, vasc");
        for (index, diagnosis) in Diagnosis::ALL.into_iter().enumerate() {
            assert_eq!(diagnosis.index(), index);
            assert_eq!(Diagnosis::from_index(index), Some(diagnosis));
        }
    }

    #[test]
    fn codes_are_read_in_any_case_and_others_refused() {
        assert_eq!("MEL".parse::<Diagnosis>().unwrap(), Diagnosis::Mel);
        assert!("melanoma".parse::<Diagnosis>().is_err());
    }
}
