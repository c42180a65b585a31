//! What `skinlesion doctor` found, as a table and as JSON.

use serde::Serialize;
use serde_json::{Map, Value, json};
use strum::Display;

/// What was found of one thing that was looked at.
#[derive(Serialize)]
pub struct Finding {
    pub state: State,
    detail: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, Display, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum State {
    /// It is there and works.
    Ok,
    /// It is not there, and nothing here could use it.
    None,
    /// It is not there or not right, and the remedy says what to do.
    Missing,
}

pub fn ok(detail: impl Into<String>) -> Finding {
    finding(State::Ok, detail, None)
}

pub fn none(detail: impl Into<String>) -> Finding {
    finding(State::None, detail, None)
}

pub fn missing(detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
    finding(State::Missing, detail, Some(remedy.into()))
}

fn finding(state: State, detail: impl Into<String>, remedy: Option<String>) -> Finding {
    let detail = detail.into();
    Finding {
        state,
        detail,
        remedy,
    }
}

impl From<skinlesion::Error> for Finding {
    /// The library's errors say what is wrong on their first line and the remedy on the second.
    fn from(error: skinlesion::Error) -> Self {
        let text = error.to_string();
        match text.split_once('\n') {
            Some((detail, remedy)) => missing(detail, remedy.trim()),
            None => finding(State::Missing, text, None),
        }
    }
}

pub fn table(findings: &[(&str, Finding)]) -> String {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let mut text = format!("{} on {system} {processor}\n\n", program());
    for (name, finding) in findings {
        let start = format!("{:7}  {name:11}  ", finding.state);
        text.push_str(&indented(&start, &finding.detail));
        if let Some(remedy) = &finding.remedy {
            text.push_str(&indented(&format!("{:22}→ ", ""), remedy));
        }
    }
    text
}

/// `start`, then the words in lines of about 100 columns, all beginning where the first one does.
fn indented(start: &str, words: &str) -> String {
    let indent = start.chars().count();
    let mut lines = vec![start.to_owned()];
    for word in words.split(' ') {
        let column = lines.last().map_or(0, |line| line.chars().count());
        if column > indent && column + word.chars().count() > 100 {
            lines.push(" ".repeat(indent));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
            line.push(' ');
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    format!("{}\n", lines.join("\n"))
}

pub fn as_json(findings: &[(&str, Finding)], healthy: bool) -> Value {
    let checks: Map<String, Value> = (findings.iter())
        .map(|(name, finding)| (name.to_lowercase(), json!(finding)))
        .collect();
    json!({ "program": program(), "healthy": healthy, "checks": checks })
}

fn program() -> String {
    format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}
