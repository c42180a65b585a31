//! What inference needs of an exported file's metadata.

use std::path::Path;

use super::description::{Abstention, FORMAT_VERSION, OLDEST_VERSION, SourceCheckpoint, Threshold};
use super::interface::Input;
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::novelty_rule::NoveltyRule;
use crate::{ClassList, Error, Result};

/// The input specification: the fields of a description that inference needs.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    /// The classes in the order of the outputs.
    pub classes: ClassList,
    /// The resize rule of the images.
    pub resize: ResizeRule,
    /// The input tensor.
    pub input: Input,
    /// SHA-256 of the source checkpoint.
    pub checkpoint: String,
    /// The decision rules.
    pub decisions: Decisions,
    /// The decision thresholds; none if the file has none.
    pub thresholds: Vec<Threshold>,
    /// The abstention rule, if the file has one.
    pub abstention: Option<Abstention>,
    /// The threshold of the novelty score, if the file has one.
    pub novelty: Option<NoveltyRule>,
}

impl InputSpec {
    /// Reads the specification from an exported file's metadata, as written by
    /// [`super::description::FileDescription::fields`].
    ///
    /// # Errors
    /// An unsupported format version, or missing fields.
    pub fn read(path: &Path, field: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let refuse = |problem: String| {
            Error::file(
                path,
                problem,
                "Use a file written by this version of `skinlesion export`.",
            )
        };
        fn parsed<T: serde::de::DeserializeOwned>(text: Option<String>) -> Option<T> {
            serde_json::from_str(&text?).ok()
        }
        let missing = |name: &str| refuse(format!("its metadata has no valid '{name}'"));
        let version: u32 =
            parsed(field("format_version")).ok_or_else(|| missing("format_version"))?;
        if !(OLDEST_VERSION..=FORMAT_VERSION).contains(&version) {
            return Err(refuse(format!(
                "export format {version} is not supported ({OLDEST_VERSION} to {FORMAT_VERSION} are)"
            )));
        }
        let classes: ClassList = parsed(field("classes")).ok_or_else(|| missing("classes"))?;
        let checkpoint: SourceCheckpoint =
            parsed(field("checkpoint")).ok_or_else(|| missing("checkpoint"))?;
        Ok(Self {
            classes,
            resize: parsed(field("resize")).ok_or_else(|| missing("resize"))?,
            input: parsed(field("input")).ok_or_else(|| missing("input"))?,
            checkpoint: checkpoint.sha256,
            decisions: match field("decisions") {
                text @ Some(_) => parsed(text)
                    .filter(|decisions: &Decisions| decisions.fit(classes))
                    .ok_or_else(|| missing("decisions"))?,
                None => Decisions::likeliest(classes), // a file of an older version
            },
            thresholds: match field("thresholds") {
                text @ Some(_) => parsed(text).ok_or_else(|| missing("thresholds"))?,
                None => Vec::new(),
            },
            abstention: match field("abstention") {
                text @ Some(_) => parsed(text).ok_or_else(|| missing("abstention"))?,
                None => None,
            },
            novelty: match field("novelty") {
                text @ Some(_) => {
                    let rule: Option<NoveltyRule> =
                        parsed(text).ok_or_else(|| missing("novelty"))?;
                    match rule.is_none_or(|rule| rule.is_valid()) {
                        true => rule,
                        false => return Err(missing("novelty")),
                    }
                }
                None => None, // a file of an older version
            },
        })
    }
}
