//! Everything that is wrong with a file, told in one message instead of one complaint a run.

use serde::Serialize;

use crate::{Error, Result};

/// As many findings are spelled out; the others are counted.
const SHOWN: usize = 5;

/// A collection of like faults.
#[derive(Debug, Default)]
pub struct Findings {
    shown: Vec<String>,
    count: usize,
}

impl Findings {
    /// Adds one fault: where, and what it fingerprints like.
    pub fn add(&mut self, finding: impl Into<String>) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(finding.into());
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The findings below each other, indented, with the number of those not shown.
    pub fn list(&self) -> String {
        let mut list = String::new();
        for finding in &self.shown {
            list.push_str("\n    ");
            list.push_str(finding);
        }
        if self.count > self.shown.len() {
            list.push_str(&format!(
                "\n    … and {} more",
                self.count - self.shown.len()
            ));
        }
        list
    }

    /// Nothing if nothing was found; else a fault of a dataset.
    pub fn fault(self, problem: &str) -> Option<Fault> {
        (self.count > 0).then(|| Fault {
            problem: format!("{problem} ({})", self.count),
            count: self.count,
            first: self.shown,
        })
    }

    /// Nothing if nothing was found; else an error at `place` that says `problem`, lists the findings
    /// and gives the remedy.
    pub fn refuse(
        &self,
        place: impl Into<String>,
        problem: impl FnOnce(usize) -> String,
        remedy: &str,
    ) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        let problem = format!("{}:{}", problem(self.count), self.list());
        Err(Error::input(place, problem, remedy))
    }
}

/// Something that is wrong with a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What is wrong.
    pub problem: String,
    /// How many rows, lesions or files it concerns.
    pub count: usize,
    /// The first few of them.
    pub first: Vec<String>,
}

impl Fault {
    /// A fault of the whole.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            count: 1,
            first: Vec::new(),
        }
    }

    /// The problem, with what was found below it.
    pub fn in_words(&self) -> String {
        let mut words = self.problem.clone();
        for finding in &self.first {
            words.push_str(&format!("\n    {finding}"));
        }
        if self.count > self.first.len() && !self.first.is_empty() {
            words.push_str(&format!(
                "\n    … and {} more",
                self.count - self.first.len()
            ));
        }
        words
    }
}

/// "1 row", "2 rows".
pub fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
