//! The confusion matrix and the metrics that follow from it.

use std::fmt::Write;

use crate::Diagnosis;

const COUNT: usize = Diagnosis::COUNT;

/// Images by truth (rows) and prediction (columns), both in class order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// `counts[truth][prediction]`.
    pub counts: [[usize; COUNT]; COUNT],
}

impl Confusion {
    /// Counts pairs of truth and prediction.
    pub fn count(pairs: impl IntoIterator<Item = (Diagnosis, Diagnosis)>) -> Self {
        let mut confusion = Self::default();
        for (truth, prediction) in pairs {
            confusion.counts[truth.index()][prediction.index()] += 1;
        }
        confusion
    }

    /// Number of images.
    pub fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// Number of images that have a class.
    pub fn support(&self, class: Diagnosis) -> usize {
        self.counts[class.index()].iter().sum()
    }

    /// Number of images with a predicted class.
    pub fn predicted(&self, class: Diagnosis) -> usize {
        self.counts.iter().map(|row| row[class.index()]).sum()
    }

    /// Number of images of a class that are predicted correctly.
    pub fn hits(&self, class: Diagnosis) -> usize {
        self.counts[class.index()][class.index()]
    }

    /// The classes that occur in the truth or among the predictions, in class order: scikit-learn's default labels.
    pub fn labels(&self) -> Vec<Diagnosis> {
        Diagnosis::ALL
            .into_iter()
            .filter(|&class| self.support(class) + self.predicted(class) > 0)
            .collect()
    }

    /// hits / support, with 0/0 = 0.
    pub fn recall(&self, class: Diagnosis) -> f64 {
        ratio(self.hits(class), self.support(class))
    }

    /// Share of the images of other classes that are not predicted as this one, with 0/0 = 0.
    pub fn specificity(&self, class: Diagnosis) -> f64 {
        let others = self.total() - self.support(class);
        ratio(others - (self.predicted(class) - self.hits(class)), others)
    }

    /// hits / predicted, with 0/0 = 0.
    pub fn precision(&self, class: Diagnosis) -> f64 {
        ratio(self.hits(class), self.predicted(class))
    }

    /// 2 × hits / (support + predicted), which is the harmonic mean of precision and recall; 0/0 = 0.
    pub fn f1(&self, class: Diagnosis) -> f64 {
        ratio(
            2 * self.hits(class),
            self.support(class) + self.predicted(class),
        )
    }

    /// Share of images on the diagonal; `None` without images.
    pub fn accuracy(&self) -> Option<f64> {
        let hits = Diagnosis::ALL.map(|class| self.hits(class)).iter().sum();
        (self.total() > 0).then(|| ratio(hits, self.total()))
    }

    /// Mean recall of the classes that occur in the truth; `None` without images.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let present = Diagnosis::ALL
            .into_iter()
            .filter(|&class| self.support(class) > 0);
        mean(present.map(|class| self.recall(class)))
    }

    /// Mean F1 of [`Confusion::labels`]; `None` without images.
    pub fn macro_f1(&self) -> Option<f64> {
        mean(self.labels().into_iter().map(|class| self.f1(class)))
    }

    /// Mean F1 weighted by support; `None` without images.
    pub fn weighted_f1(&self) -> Option<f64> {
        let sum: f64 = Diagnosis::ALL
            .map(|class| self.f1(class) * self.support(class) as f64)
            .iter()
            .sum();
        (self.total() > 0).then(|| sum / self.total() as f64)
    }

    /// Each row divided by its sum; a row without images is `None`.
    pub fn normalized(&self) -> [Option<[f64; COUNT]>; COUNT] {
        self.counts.map(|row| {
            let support: usize = row.iter().sum();
            (support > 0).then(|| row.map(|count| ratio(count, support)))
        })
    }

    /// The counts as a text table with row sums.
    pub fn counts_text(&self) -> String {
        let rows = Diagnosis::ALL.map(|class| {
            let mut cells = self.counts[class.index()]
                .map(|count| count.to_string())
                .to_vec();
            cells.push(self.support(class).to_string());
            cells
        });
        table("sum", &rows)
    }

    /// The row-normalized matrix as a text table; a class without images has dashes.
    pub fn normalized_text(&self) -> String {
        let rows = self.normalized().map(|row| match row {
            Some(shares) => shares.map(|share| format!("{share:.2}")).to_vec(),
            None => vec!["-".to_owned(); COUNT],
        });
        table("", &rows)
    }
}

/// A text table with class codes as row and column headings.
fn table(last_heading: &str, rows: &[Vec<String>; COUNT]) -> String {
    let mut text = format!("{:>7}", "");
    for heading in Diagnosis::ALL
        .map(Diagnosis::code)
        .iter()
        .chain([&last_heading])
    {
        let _ = write!(text, "{heading:>7}");
    }
    let mut text = text.trim_end().to_owned() + "\n";
    for (class, cells) in Diagnosis::ALL.iter().zip(rows) {
        let _ = write!(text, "{class:>7}");
        for cell in cells {
            let _ = write!(text, "{cell:>7}");
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

    #[test]
    fn text_tables_show_every_count_and_dashes_for_empty_rows() {
        let pairs = [
            (Diagnosis::Mel, Diagnosis::Mel),
            (Diagnosis::Mel, Diagnosis::Nv),
            (Diagnosis::Nv, Diagnosis::Nv),
        ];
        let confusion = Confusion::count(pairs);
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
