//! Answers as rows for a person. They fit 80 columns.

use skinlesion::Class;
use skinlesion::inference::judgement::{Judgement, Rules};
use skinlesion::metrics::decisions::DecisionRule;
use skinlesion::metrics::operating_points::Target;

use super::answer::Answer;

/// The largest width of the first column: with it, the longest name of a diagnosis ends at column 80.
const WIDEST: usize = 27;

/// What is said first of a photograph whose novelty score is above the threshold; its diagnoses are marked with a
/// question mark.
const NOT_A_LESION: &str = "! does not look like a dermatoscopic photograph";

/// The table's layout.
pub struct Table<'a> {
    width: usize,
    top_k: usize,
    rules: &'a Rules,
}

impl<'a> Table<'a> {
    /// A table for images of these paths.
    pub fn new(images: impl Iterator<Item = String>, top_k: usize, rules: &'a Rules) -> Self {
        let widest = images.map(|image| image.chars().count()).max();
        Self {
            width: widest.unwrap_or_default().clamp("image".len(), WIDEST),
            top_k,
            rules,
        }
    }

    /// The row above the first answer.
    pub fn header(&self) -> String {
        format!("{:1$}  probability    diagnosis\n", "image", self.width)
    }

    /// The rows of an answer.
    pub fn rows(&self, answer: &Answer) -> String {
        let width = self.width;
        let mut image = shortened(&answer.image.replace('\n', "\\n"), width);
        let mut rows = String::new();
        let is_flagged = answer.judgement.not_a_lesion == Some(true);
        if is_flagged {
            rows += &format!("{image:width$}  {NOT_A_LESION}\n");
            image.clear();
        }
        let named = answer.judgement.class;
        let ranked = answer.probabilities.ranked();
        // The named diagnosis is listed even if it is not among the first.
        let is_listed =
            |&(at, (diagnosis, _)): &(usize, &(Class, f64))| at < self.top_k || *diagnosis == named;
        for (_, (diagnosis, probability)) in ranked.iter().enumerate().filter(is_listed) {
            let mark = if diagnosis.is_malignant() { '*' } else { ' ' };
            let pointer = match self.rules.rule {
                _ if is_flagged => '?',
                DecisionRule::Balanced if *diagnosis == named => '>',
                _ => ' ',
            };
            let (percent, name) = (100.0 * probability, diagnosis.name());
            rows += &format!("{image:width$}  {percent:9.1} % {pointer}{mark} {name}\n");
            image.clear();
        }
        for remark in self.remarks(&answer.judgement) {
            rows += &format!("  {remark}\n");
        }
        rows
    }

    fn remarks(&self, judgement: &Judgement) -> Vec<String> {
        let mut remarks = Vec::new();
        if let (Some(true), Some(rule)) = (judgement.not_sure, self.rules.abstention) {
            let (most, limit) = (percent(judgement.confidence), percent(rule.threshold));
            remarks.push(format!(
                "not sure: the likeliest has {most}, below {limit}; treat it as no answer"
            ));
        }
        if let Some(score) = judgement.refer() {
            let (what, lesions) = match &score.point.target {
                Target::Melanoma => ("melanoma", "melanomas"),
                Target::Malignant => ("all * together", "malignant"),
                Target::Watched(code) => (code.as_str(), code.as_str()),
            };
            let found = score
                .point
                .sensitivity
                .map_or(String::new(), |sensitivity| {
                    format!(", which finds {:.0} of 100 {lesions}", 100.0 * sensitivity)
                });
            let (score, threshold) = (percent(score.score), percent(score.point.threshold));
            remarks.push(format!("refer: {what} {score} ≥ {threshold}{found}"));
        }
        remarks
    }
}

/// A share as "12.3 %".
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A text cut at its beginning to `width` characters: the end of a path says more.
fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let end: String = text.chars().skip(length + 1 - width).collect();
    format!("…{end}")
}
