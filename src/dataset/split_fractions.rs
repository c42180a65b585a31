//! Split fractions: how much of each class goes to validation and test.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::sample::Split;
use crate::{Class, ClassList, Error, Result};

/// A fraction for each class, at least 0 and below 1. Parsed from one number (`.15`) or one number per class
/// (`nv=.1,default=.15`).
#[derive(Clone, Debug, PartialEq)]
pub struct SplitFractions {
    /// By class code, in lower case.
    of: BTreeMap<String, f64>,
    /// Of the other classes; `None` if every class must be named.
    default: Option<f64>,
}

impl SplitFractions {
    /// The default fraction of validation and of test.
    pub const DEFAULT: Self = Self::uniform(0.15);

    /// The same fraction for every class.
    pub const fn uniform(fraction: f64) -> Self {
        Self {
            of: BTreeMap::new(),
            default: Some(fraction),
        }
    }

    /// With another fraction for one class.
    #[must_use]
    pub fn with(mut self, code: &str, fraction: f64) -> Self {
        self.of.insert(code.to_owned(), fraction);
        self
    }

    /// The fraction of a class.
    pub fn of(&self, class: Class) -> f64 {
        let of = self.of.get(class.code()).copied();
        of.or(self.default).unwrap_or_default()
    }

    /// Whether the fraction of every class is 0.
    pub fn is_zero(&self) -> bool {
        (self.of.values().chain(&self.default)).all(|&fraction| fraction == 0.0)
    }

    /// Refuses fractions that name no class of a list, and those that leave a class out.
    fn check(&self, flag: &str, classes: ClassList) -> Result<()> {
        let unknown = self.of.keys().find_map(|code| classes.parse(code).err());
        let lacks = |class: &Class| self.default.is_none() && !self.of.contains_key(class.code());
        let problem = match (unknown, classes.iter().find(lacks)) {
            (Some(unknown), _) => format!("{unknown}, nor 'default'"),
            (None, Some(class)) => {
                format!("no fraction for {class}: add {class}=FRACTION or default=FRACTION")
            }
            (None, None) => return Ok(()),
        };
        Err(Error::input(
            flag,
            problem,
            format!("The classes are {}.", classes.codes()),
        ))
    }
}

impl FromStr for SplitFractions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.contains('=') {
            return Ok(Self::uniform(fraction(text)?));
        }
        let (mut of, mut default) = (BTreeMap::new(), None);
        for entry in text.split(',') {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("'{entry}' is not CLASS=FRACTION"))?;
            let name = name.trim();
            let before = match name {
                "default" => default.replace(fraction(value)?),
                code => of.insert(code.to_lowercase(), fraction(value)?),
            };
            if before.is_some() {
                return Err(format!("'{name}' is given twice"));
            }
        }
        Ok(Self { of, default })
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
        let default = self.default.map(|fraction| ("default", fraction));
        let of = self
            .of
            .iter()
            .map(|(code, fraction)| (code.as_str(), *fraction));
        let entries: Vec<(&str, f64)> = of.chain(default).collect();
        match entries[..] {
            [("default", fraction)] => write!(f, "{fraction}"),
            _ => {
                let entries: Vec<String> = (entries.iter())
                    .map(|(code, fraction)| format!("{code}={fraction}"))
                    .collect();
                f.write_str(&entries.join(","))
            }
        }
    }
}

/// The split strategy.
#[derive(Clone, Debug, PartialEq)]
pub enum SplitStrategy {
    /// Each image has its split, by image id.
    Given(BTreeMap<String, Split>),
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
    /// Refuses fractions that a list of classes does not have, and those of a class that sum to 1 or more.
    pub fn check(&self, classes: ClassList) -> Result<()> {
        self.test().check("--test", classes)?;
        let Self::Drawn { val, test } = self else {
            return Ok(());
        };
        val.check("--val", classes)?;
        for class in classes.iter() {
            let (v, t) = (val.of(class), test.of(class));
            if v + t >= 1.0 {
                return Err(Error::input(
                    "--val, --test",
                    format!("{v} and {t} of {class} leave nothing for training"),
                    "Choose fractions whose sum is below 1.",
                ));
            }
        }
        Ok(())
    }

    /// The fractions that are drawn for test.
    pub fn test(&self) -> SplitFractions {
        match self {
            Self::Given(_) | Self::AllTest => SplitFractions::uniform(0.0),
            Self::Drawn { test, .. } | Self::Folded { test, .. } => test.clone(),
        }
    }

    /// The fractions in words, without the manner of drawing them.
    pub fn describe(&self) -> String {
        match self {
            Self::Given(_) => "as given by folders".to_owned(),
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
            Self::Given(_) | Self::AllTest | Self::Drawn { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham10000;

    #[test]
    fn fractions_are_one_number_or_one_per_class() {
        assert_eq!(".15".parse(), Ok(SplitFractions::uniform(0.15)));
        let fractions: SplitFractions = "nv=.1, default=.15".parse().unwrap();
        assert_eq!(fractions, SplitFractions::uniform(0.15).with("nv", 0.1));
        assert_eq!(fractions.to_string().parse(), Ok(fractions));
        for wrong in ["1", "-.1", "nan", "x", "", "nv=.1,nv=.2,default=0"] {
            assert!(wrong.parse::<SplitFractions>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn fractions_of_unknown_classes_and_of_only_some_are_refused() {
        for (wrong, problem) in [
            ("nv=.1", "no fraction for akiec"),
            ("mole=.1,default=0", "'mole'"),
        ] {
            let test = wrong.parse().unwrap();
            let strategy = SplitStrategy::Folded { folds: 5, test };
            let error = strategy.check(ham10000()).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn fractions_that_leave_nothing_for_training_are_refused() {
        let most = SplitFractions::uniform(0.25).with("df", 0.75);
        let check = |test| {
            let (val, test) = (most.clone(), SplitFractions::uniform(test));
            SplitStrategy::Drawn { val, test }.check(ham10000())
        };
        assert!(check(0.25).is_err());
        assert!(check(0.2).is_ok());
    }
}
