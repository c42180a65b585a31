//! Split fractions: how much of each class goes to validation and test.

use std::fmt;
use std::str::FromStr;

use crate::{Diagnosis, Error, Result};

/// A fraction for each class, at least 0 and below 1. Parsed from one number (`.15`) or one number per class
/// (`nv=.1,default=.15`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitFractions([f64; Diagnosis::COUNT]);

impl SplitFractions {
    /// The default fraction of validation and of test.
    pub const DEFAULT: Self = Self::uniform(0.15);

    /// The same fraction for every class.
    pub const fn uniform(fraction: f64) -> Self {
        Self([fraction; Diagnosis::COUNT])
    }

    /// With another fraction for one class.
    #[must_use]
    pub fn with(mut self, class: Diagnosis, fraction: f64) -> Self {
        self.0[class.index()] = fraction;
        self
    }

    /// The fraction of a class.
    pub fn of(&self, class: Diagnosis) -> f64 {
        self.0[class.index()]
    }

    /// Whether the fraction of every class is 0.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|&fraction| fraction == 0.0)
    }
}

impl FromStr for SplitFractions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.contains('=') {
            return Ok(Self::uniform(fraction(text)?));
        }
        let mut fractions = [None; Diagnosis::COUNT];
        let mut rest = None;
        for entry in text.split(',') {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("'{entry}' is not CLASS=FRACTION"))?;
            let name = name.trim();
            let slot = if name == "default" {
                &mut rest
            } else {
                let class: Diagnosis = name.parse().map_err(|e| format!("{e}, nor 'default'"))?;
                &mut fractions[class.index()]
            };
            if slot.replace(fraction(value)?).is_some() {
                return Err(format!("'{name}' is given twice"));
            }
        }
        for class in Diagnosis::ALL {
            if fractions[class.index()].or(rest).is_none() {
                return Err(format!(
                    "no fraction for {class}: add {class}=FRACTION or default=FRACTION"
                ));
            }
        }
        Ok(Self(
            fractions.map(|fraction| fraction.or(rest).unwrap_or_default()),
        ))
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(fraction) if (0.0..1.0).contains(&fraction) => Ok(fraction),
        Ok(fraction) => Err(format!(
            "{fraction} is out of range: at least 0 and below 1"
        )),
        Err(_) => Err(format!("'{}' is not a number", text.trim())),
    }
}

impl fmt::Display for SplitFractions {
    /// In the form that [`FromStr`] parses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().all(|fraction| *fraction == self.0[0]) {
            return write!(f, "{}", self.0[0]);
        }
        let entries: Vec<String> = Diagnosis::ALL
            .into_iter()
            .map(|class| format!("{class}={}", self.of(class)))
            .collect();
        f.write_str(&entries.join(","))
    }
}

/// The split strategy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SplitStrategy {
    /// All lesions are test: an external test set.
    AllTest,
    /// Drawn fractions for validation and test; the rest is training.
    Drawn {
        /// The fractions of validation.
        val: SplitFractions,
        /// The fractions of test.
        test: SplitFractions,
    },
    /// A drawn fraction for test; the rest is dealt into folds.
    Folded {
        /// The number of folds, within [`super::folds::RANGE`].
        folds: usize,
        /// The fractions of test.
        test: SplitFractions,
    },
}

impl SplitStrategy {
    /// A drawn split. Returns an error if the fractions of a class sum to 1 or more.
    pub fn drawn(val: SplitFractions, test: SplitFractions) -> Result<Self> {
        for class in Diagnosis::ALL {
            let (v, t) = (val.of(class), test.of(class));
            if v + t >= 1.0 {
                return Err(Error::input(
                    "--val, --test",
                    format!("{v} and {t} of {class} leave nothing for training"),
                    "Choose fractions whose sum is below 1.",
                ));
            }
        }
        Ok(Self::Drawn { val, test })
    }

    /// The fractions that are drawn for test.
    pub fn test(&self) -> SplitFractions {
        match self {
            Self::AllTest => SplitFractions::uniform(0.0),
            Self::Drawn { test, .. } | Self::Folded { test, .. } => *test,
        }
    }

    /// The fractions in words, without the manner of drawing them.
    pub fn describe(&self) -> String {
        match self {
            Self::AllTest => "all test".to_owned(),
            Self::Drawn { val, test } => format!("val {val}, test {test} of each class"),
            Self::Folded { folds, test } => {
                format!("test {test} of each class, the rest in {folds} folds")
            }
        }
    }

    /// The number of folds; 0 without cross-validation.
    pub fn folds(&self) -> usize {
        match self {
            Self::Folded { folds, .. } => *folds,
            Self::AllTest | Self::Drawn { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_one_number_or_one_per_class() {
        assert_eq!(".15".parse(), Ok(SplitFractions::uniform(0.15)));
        let fractions: SplitFractions = "nv=.1, default=.15".parse().unwrap();
        assert_eq!(
            fractions,
            SplitFractions::uniform(0.15).with(Diagnosis::Nv, 0.1)
        );
        assert_eq!(fractions.to_string().parse(), Ok(fractions));
        for wrong in [
            "1",
            "-.1",
            "nan",
            "x",
            "",
            "nv=.1",
            "nv=.1,nv=.2,default=0",
            "mole=.1",
        ] {
            assert!(wrong.parse::<SplitFractions>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn fractions_that_leave_nothing_for_training_are_refused() {
        let most = SplitFractions::uniform(0.25).with(Diagnosis::Df, 0.75);
        assert!(SplitStrategy::drawn(most, SplitFractions::uniform(0.25)).is_err());
        assert!(SplitStrategy::drawn(most, SplitFractions::uniform(0.2)).is_ok());
    }
}
