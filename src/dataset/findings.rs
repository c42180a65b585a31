//! Collects all problems of one kind, so that one message reports them together.

use serde::Serialize;

use crate::error::on_one_line;
use crate::{Error, Result};

/// The number of findings that a message lists; the others are only counted.
const SHOWN: usize = 5;

/// Problems of one kind.
#[derive(Debug, Default)]
pub struct Findings {
    shown: Vec<String>,
    count: usize,
}

impl Findings {
    /// Adds one problem: its location and a description.
    pub fn add(&mut self, finding: impl Into<String>) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(on_one_line(&finding.into()));
        }
    }

    /// The number of findings, listed or not.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The findings, one indented line each, and the number of those that are not listed.
    pub fn list(&self) -> String {
        listed(&self.shown, self.count)
    }

    /// A [`Fault`] with these findings; `None` if there are none.
    pub fn fault(self, problem: &str) -> Option<Fault> {
        (self.count > 0).then(|| Fault {
            problem: format!("{problem} ({})", self.count),
            count: self.count,
            first: self.shown,
        })
    }

    /// Returns an error at `place` that states `problem`, lists the findings and gives the remedy; `Ok` if there are
    /// none.
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

/// A failed check of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The problem.
    pub problem: String,
    /// The number of affected rows, lesions or files.
    pub count: usize,
    /// The first few of them, at most 5.
    pub first: Vec<String>,
}

impl Fault {
    /// A fault of the dataset as a whole.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            count: 1,
            first: Vec::new(),
        }
    }

    /// The problem, followed by its findings, one a line.
    pub fn in_words(&self) -> String {
        self.problem.clone() + &listed(&self.first, self.count)
    }
}

/// The first of `count` findings, one indented line each, and the number of the others; empty if none are known.
fn listed(first: &[String], count: usize) -> String {
    let lines = first.iter().map(|finding| format!("\n    {finding}"));
    let mut list: String = lines.collect();
    if count > first.len() && !first.is_empty() {
        list += &format!("\n    … and {} more", count - first.len());
    }
    list
}

/// "1 row", "2 rows".
pub fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
