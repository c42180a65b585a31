//! An external test split: every lesion with an image of a given collection, sex, localization or diagnosis type.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::Sample;
use super::findings::counted;
use crate::{Error, Result};

/// A column and a value whose lesions are held out. Parsed from text such as `source=rosendahl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    column: Column,
    value: String,
}

/// The columns by which lesions can be held out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Column {
    Source,
    Sex,
    Localization,
    DxType,
}

impl Column {
    /// Its name in the manifest.
    fn name(self) -> &'static str {
        self.into()
    }

    fn of(self, sample: &Sample) -> &str {
        match self {
            Self::Source => &sample.source,
            Self::Sex => &sample.sex,
            Self::Localization => &sample.localization,
            Self::DxType => &sample.dx_type,
        }
    }
}

impl Condition {
    fn matches(&self, sample: &Sample) -> bool {
        self.column.of(sample) == self.value
    }

    /// The error for a value that no image has. Lists the column's values with their image counts.
    fn unknown_value(&self, samples: &[Sample]) -> Error {
        let mut values: BTreeMap<&str, usize> = BTreeMap::new();
        for sample in samples {
            *values.entry(self.column.of(sample)).or_default() += 1;
        }
        let values: Vec<String> = values
            .into_iter()
            .map(|(value, images)| {
                let value = if value.is_empty() { "(empty)" } else { value };
                format!("{value} ({})", counted(images, "image"))
            })
            .collect();
        Error::input(
            format!("--hold-out {self}"),
            "no image has this value",
            format!(
                "The values of {} are {}.",
                self.column.name(),
                values.join(", ")
            ),
        )
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("'{text}' is not COLUMN=VALUE"))?;
        let name = match name.trim() {
            "dataset" => Column::Source.name(), // the column's name in HAM10000's metadata
            name => name,
        };
        let column = name.parse().map_err(|_| {
            let known: Vec<_> = Column::VARIANTS
                .iter()
                .map(|column| column.name())
                .collect();
            format!("'{name}' is not one of {}", known.join(", "))
        })?;
        let value = value.trim().to_owned();
        Ok(Self { column, value })
    }
}

impl fmt::Display for Condition {
    /// In the form that [`FromStr`] parses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.column.name(), self.value)
    }
}

/// The ids of the lesions with at least one image, kept or not, that matches a condition.
///
/// # Errors
/// A condition that matches no image.
pub fn lesions<'a>(samples: &'a [Sample], conditions: &[Condition]) -> Result<HashSet<&'a str>> {
    let mut held_out = HashSet::new();
    for condition in conditions {
        let matching = samples.iter().filter(|sample| condition.matches(sample));
        let ids: Vec<&str> = matching.map(|sample| sample.lesion_id.as_str()).collect();
        if ids.is_empty() {
            return Err(condition.unknown_value(samples));
        }
        held_out.extend(ids);
    }
    Ok(held_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham;

    fn sample(lesion: &str, source: &str, sex: &str) -> Sample {
        Sample {
            image_id: String::new(),
            lesion_id: lesion.into(),
            patient_id: String::new(),
            dx: ham("nv"),
            dx_type: "histo".into(),
            age: String::new(),
            sex: sex.into(),
            localization: "back".into(),
            source: source.into(),
        }
    }

    #[test]
    fn conditions_are_read_as_they_are_written() {
        for text in [
            "source=rosendahl",
            "sex=male",
            "localization=lower extremity",
            "dx_type=histo",
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(condition.to_string(), text);
        }
        let condition: Condition = "dataset = rosendahl".parse().unwrap();
        assert_eq!(condition.to_string(), "source=rosendahl");
        for wrong in ["rosendahl", "age=50", "=x", ""] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_image_holds_its_whole_lesion_out() {
        let samples = [
            sample("A", "one", "male"),
            sample("A", "two", "male"),
            sample("B", "one", "female"),
            sample("C", "three", "male"),
        ];
        let of = |texts: &[&str]| {
            let conditions: Vec<Condition> = texts.iter().map(|t| t.parse().unwrap()).collect();
            lesions(&samples, &conditions).map(|set| {
                let mut ids: Vec<_> = set.into_iter().map(str::to_owned).collect();
                ids.sort();
                ids.join("")
            })
        };
        assert_eq!(of(&["source=two"]).unwrap(), "A");
        assert_eq!(of(&["source=three", "sex=female"]).unwrap(), "BC");
        // The second condition adds no lesion, but it matches an image.
        assert_eq!(of(&["source=one", "source=two"]).unwrap(), "AB");
        assert_eq!(of(&[]).unwrap(), "");
        let error = of(&["source=four"]).unwrap_err().to_string();
        assert!(error.contains("one (2 images), three (1 image)"), "{error}");
    }
}
