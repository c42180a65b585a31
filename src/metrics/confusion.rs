//! The confusion matrix and the metrics that follow from it.

use std::fmt::Write;

use crate::{Class, ClassList};

/// Images by truth (rows) and prediction (columns), both in class order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: ClassList,
    /// `counts[truth][prediction]`.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// No images.
    pub fn new(classes: ClassList) -> Self {
        let counts = vec![vec![0; classes.len()]; classes.len()];
        Self { classes, counts }
    }

    /// Counts pairs of truth and prediction.
    pub fn count(classes: ClassList, pairs: impl IntoIterator<Item = (Class, Class)>) -> Self {
        let mut confusion = Self::new(classes);
        for (truth, prediction) in pairs {
            confusion.counts[truth.index()][prediction.index()] += 1;
        }
        confusion
    }

    /// Counts that were read from a file. Those beyond the classes are left out, those that lack are 0.
    pub fn of(classes: ClassList, counts: &[Vec<usize>]) -> Self {
        let mut confusion = Self::new(classes);
        for (to, from) in confusion.counts.iter_mut().zip(counts) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        confusion
    }

    /// The classes of its rows and columns.
    pub fn classes(&self) -> ClassList {
        self.classes
    }

    /// Number of images.
    pub fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// Number of images that have a class.
    pub fn support(&self, class: Class) -> usize {
        self.counts[class.index()].iter().sum()
    }

    /// Number of images with a predicted class.
    pub fn predicted(&self, class: Class) -> usize {
        self.counts.iter().map(|row| row[class.index()]).sum()
    }

    /// Number of images of a class that are predicted correctly.
    pub fn hits(&self, class: Class) -> usize {
        self.counts[class.index()][class.index()]
    }

    /// The classes that occur in the truth or among the predictions, in class order: scikit-learn's default labels.
    pub fn labels(&self) -> Vec<Class> {
        (self.classes.iter())
            .filter(|&class| self.support(class) + self.predicted(class) > 0)
            .collect()
    }

    /// hits / support, with 0/0 = 0.
    pub fn recall(&self, class: Class) -> f64 {
        ratio(self.hits(class), self.support(class))
    }

    /// Share of the images of other classes that are not predicted as this one, with 0/0 = 0.
    pub fn specificity(&self, class: Class) -> f64 {
        let others = self.total() - self.support(class);
        ratio(others - (self.predicted(class) - self.hits(class)), others)
    }

    /// hits / predicted, with 0/0 = 0.
    pub fn precision(&self, class: Class) -> f64 {
        ratio(self.hits(class), self.predicted(class))
    }

    /// 2 × hits / (support + predicted), which is the harmonic mean of precision and recall; 0/0 = 0.
    pub fn f1(&self, class: Class) -> f64 {
        ratio(
            2 * self.hits(class),
            self.support(class) + self.predicted(class),
        )
    }

    /// Share of images on the diagonal; `None` without images.
    pub fn accuracy(&self) -> Option<f64> {
        let hits = self.classes.iter().map(|class| self.hits(class)).sum();
        (self.total() > 0).then(|| ratio(hits, self.total()))
    }

    /// Mean recall of the classes that occur in the truth; `None` without images.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let present = (self.classes.iter()).filter(|&class| self.support(class) > 0);
        mean(present.map(|class| self.recall(class)))
    }

    /// Mean F1 of [`Confusion::labels`]; `None` without images.
    pub fn macro_f1(&self) -> Option<f64> {
        mean(self.labels().into_iter().map(|class| self.f1(class)))
    }

    /// Mean F1 weighted by support; `None` without images.
    pub fn weighted_f1(&self) -> Option<f64> {
        let weighted = |class| self.f1(class) * self.support(class) as f64;
        let sum: f64 = self.classes.iter().map(weighted).sum();
        (self.total() > 0).then(|| sum / self.total() as f64)
    }

    /// Each row divided by its sum; a row without images is `None`.
    pub fn normalized(&self) -> Vec<Option<Vec<f64>>> {
        let shares = |row: &Vec<usize>| {
            let support: usize = row.iter().sum();
            (support > 0).then(|| row.iter().map(|&count| ratio(count, support)).collect())
        };
        self.counts.iter().map(shares).collect()
    }

    /// The counts as a text table with row sums.
    pub fn counts_text(&self) -> String {
        let rows = self.classes.map(|class| {
            let counts = self.counts[class.index()].iter();
            let mut cells: Vec<String> = counts.map(usize::to_string).collect();
            cells.push(self.support(class).to_string());
            cells
        });
        table(self.classes, "sum", &rows)
    }

    /// The row-normalized matrix as a text table; a class without images has dashes.
    pub fn normalized_text(&self) -> String {
        let cells = |row: Option<Vec<f64>>| match row {
            Some(shares) => shares.iter().map(|share| format!("{share:.2}")).collect(),
            None => vec!["-".to_owned(); self.classes.len()],
        };
        let rows: Vec<Vec<String>> = self.normalized().into_iter().map(cells).collect();
        table(self.classes, "", &rows)
    }
}

/// A text table with class codes as row and column headings.
fn table(classes: ClassList, last_heading: &str, rows: &[Vec<String>]) -> String {
    let longest = classes.iter().map(|class| class.code().len()).max();
    let width = (longest.unwrap_or_default() + 2).max(7);
    let mut text = " ".repeat(width);
    for class in classes.iter() {
        let _ = write!(text, "{class:>width$}");
    }
    let _ = write!(text, "{last_heading:>width$}");
    let mut text = text.trim_end().to_owned() + "\n";
    for (class, cells) in classes.iter().zip(rows) {
        let _ = write!(text, "{class:>width$}");
        for cell in cells {
            let _ = write!(text, "{cell:>width$}");
        }
        text.push('\n');
    }
    text
}

/// A ratio of counts with 0/0 = 0.
pub(super) fn ratio(numerator: usize, denominator: usize) -> f64 {
    if denominator == 0 {
        0.0
    } else {
        numerator as f64 / denominator as f64
    }
}

/// The mean; `None` without values.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};

    #[test]
    fn text_tables_show_every_count_and_dashes_for_empty_rows() {
        let pairs = [
            (ham("mel"), ham("mel")),
            (ham("mel"), ham("nv")),
            (ham("nv"), ham("nv")),
        ];
        let confusion = Confusion::count(ham10000(), pairs);
        let counts = confusion.counts_text();
        let mel = counts.lines().nth(5).unwrap();
        assert_eq!(
            mel.split_whitespace().collect::<Vec<_>>(),
            ["mel", "0", "0", "0", "0", "1", "1", "0", "2"]
        );
        let shares = confusion.normalized_text();
        assert!(shares.contains("    mel   0.00   0.00   0.00   0.00   0.50   0.50   0.00\n"));
        assert!(shares.contains("   vasc      -      -      -      -      -      -      -\n"));
    }
}
