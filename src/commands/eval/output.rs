//! The files of an evaluation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skinlesion::evaluation::METRICS_FILE;
use skinlesion::files::{self, AtomicFolder};
use skinlesion::integrity::sealed;
use skinlesion::metrics::{Metrics, Predictions, predictions, submission};
use skinlesion::report::{self, Cells, html};

use crate::terminal::{Outcome, Summary};

const REPORT_FILE: &str = "report.txt";
const SUBMISSION_FILE: &str = "submission.csv";

/// What was found, ready to be written.
pub struct Scored<'a> {
    pub metrics: &'a Metrics,
    pub json: serde_json::Value,
    pub predictions: Predictions,
    pub text: String,
    /// The report's page.
    pub page: String,
    /// Whether ISIC's form is wanted too.
    pub submission: bool,
    /// What the pictures show, in a few words.
    pub caption: String,
    pub next: String,
}

impl Scored<'_> {
    /// Writes all files into the draft of the folder `out`, which appears with them.
    pub fn publish(self, draft: AtomicFolder, out: &Path) -> Outcome {
        let written = self.write(draft.path())?;
        draft.publish()?;
        let place = |path: &PathBuf| out.join(path.file_name().unwrap_or_default());
        Ok(Summary {
            files: written.iter().map(place).collect(),
            text: self.text,
            next: Some(self.next),
            json: self.json,
            failed: false,
        })
    }

    /// Writes all files into a folder and returns them, most important first.
    fn write(&self, folder: &Path) -> skinlesion::Result<Vec<PathBuf>> {
        let path = |name: &str| folder.join(name);
        self.predictions.write(&path(predictions::FILE))?;
        files::write_atomically(&path(REPORT_FILE), self.text.as_bytes())?;
        files::write_atomically(&path(html::FILE), self.page.as_bytes())?;
        let submission = self.submission.then(|| path(SUBMISSION_FILE));
        if let Some(submission) = &submission {
            submission::write(&self.predictions, submission)?;
        }
        let mut written = [html::FILE, METRICS_FILE, REPORT_FILE, predictions::FILE]
            .map(path)
            .to_vec();
        written.extend(submission);

        let confusion = self.metrics.confusion();
        for (stem, title, cells) in [
            ("confusion_matrix", "Confusion matrix", Cells::Counts),
            (
                "confusion_matrix_normalized",
                "Confusion matrix by row",
                Cells::Normalized,
            ),
        ] {
            let title = format!("{title}: {}", self.caption);
            let svg = report::confusion_matrix(&confusion, cells, &title);
            written.extend(report::write_picture(&path(stem), &svg)?);
        }
        // The last, because it has the digests of the others.
        sealed::write(&path(METRICS_FILE), &self.json, BTreeMap::new())?;
        Ok(written)
    }
}
