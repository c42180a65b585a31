//! How much of each class goes into validation and test.

use std::fmt;
use std::str::FromStr;

use crate::{Diagnosis, Error, Result};

/// A share for each class, each at least 0 and below 1. Read from one number (`.15`) or from numbers
/// by class (`nv=.1,default=.15`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitFractions([f64; Diagnosis::COUNT]);

impl SplitFractions {
    /// What validation and test get where nothing else is said.
    pub const USUAL: Self = Self::uniform(0.15);

    /// The same share of every class.
    pub const fn uniform(share: f64) -> Self {
        Self([share; Diagnosis::COUNT])
    }

    /// With another share of one class.
    #[must_use]
    pub fn with(mut self, class: Diagnosis, share: f64) -> Self {
        self.0[class.index()] = share;
        self
    }

    /// The share of a class.
    pub fn of(&self, class: Diagnosis) -> f64 {
        self.0[class.index()]
    }

    /// Whether no class has any.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|&share| share == 0.0)
    }
}

impl FromStr for SplitFractions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.contains('=') {
            return Ok(Self::uniform(share(text)?));
        }
        let mut shares = [None; Diagnosis::COUNT];
        let mut rest = None;
        for entry in text.split(',') {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("'{entry}' is not CLASS=SHARE"))?;
            let name = name.trim();
            let place = if name == "default" {
                &mut rest
            } else {
                let class: Diagnosis = name.parse().map_err(|e| format!("{e}, nor 'default'"))?;
                &mut shares[class.index()]
            };
            if place.replace(share(value)?).is_some() {
                return Err(format!("'{name}' is given twice"));
            }
        }
        for class in Diagnosis::ALL {
            if shares[class.index()].or(rest).is_none() {
                return Err(format!(
                    "no share for {class}: name it, or add default=SHARE"
                ));
            }
        }
        Ok(Self(shares.map(|share| share.or(rest).unwrap_or_default())))
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        Ok(share) => Err(format!("{share} is not a share: at least 0 and below 1")),
        Err(_) => Err(format!("'{}' is not a number", text.trim())),
    }
}

impl fmt::Display for SplitFractions {
    /// In the form that is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().all(|share| *share == self.0[0]) {
            return write!(f, "{}", self.0[0]);
        }
        let entries: Vec<String> = Diagnosis::ALL
            .into_iter()
            .map(|class| format!("{class}={}", self.of(class)))
            .collect();
        f.write_str(&entries.join(","))
    }
}

/// What goes where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SplitStrategy {
    /// Everything is test: an external test set.
    AllTest,
    /// SplitFractions for validation and test; the rest is training.
    Drawn {
        /// For validation.
        val: SplitFractions,
        /// For test.
        test: SplitFractions,
    },
    /// A share for test; the rest is dealt into folds.
    Folded {
        /// How many, within [`super::folds::RANGE`].
        folds: usize,
        /// For test.
        test: SplitFractions,
    },
}

impl SplitStrategy {
    /// Checks that the two shares leave something for training.
    pub fn drawn(val: SplitFractions, test: SplitFractions) -> Result<Self> {
        for class in Diagnosis::ALL {
            let (v, t) = (val.of(class), test.of(class));
            if v + t >= 1.0 {
                return Err(Error::input(
                    "--val, --test",
                    format!("{v} and {t} of {class} leave nothing for training"),
                    "Choose shares whose sum is below 1.",
                ));
            }
        }
        Ok(Self::Drawn { val, test })
    }

    /// What falls to the test part by chance.
    pub fn test(&self) -> SplitFractions {
        match self {
            Self::AllTest => SplitFractions::uniform(0.0),
            Self::Drawn { test, .. } | Self::Folded { test, .. } => *test,
        }
    }

    /// How many folds there are; 0 for none.
    pub fn folds(&self) -> usize {
        match self {
            Self::Folded { folds, .. } => *folds,
            Self::AllTest | Self::Drawn { .. } => 0,
        }
    }
}

impl fmt::Display for SplitStrategy {
    /// In words, as `dataset.json` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllTest => f.write_str("all test"),
            Self::Drawn { val, test } => write!(
                f,
                "val {val}, test {test} of each class, by lesion, stratified by localization"
            ),
            Self::Folded { folds, test } => write!(
                f,
                "test {test} of each class, the rest in {folds} folds, by lesion, stratified by localization"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_one_number_or_numbers_by_class() {
        assert_eq!(".15".parse(), Ok(SplitFractions::uniform(0.15)));
        let shares: SplitFractions = "nv=.1, default=.15".parse().unwrap();
        assert_eq!(
            shares,
            SplitFractions::uniform(0.15).with(Diagnosis::Nv, 0.1)
        );
        assert_eq!(shares.to_string().parse(), Ok(shares));
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
    fn shares_that_leave_nothing_for_training_are_refused() {
        let most = SplitFractions::uniform(0.25).with(Diagnosis::Df, 0.75);
        assert!(SplitStrategy::drawn(most, SplitFractions::uniform(0.25)).is_err());
        assert!(SplitStrategy::drawn(most, SplitFractions::uniform(0.2)).is_ok());
    }
}
