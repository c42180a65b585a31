//! The answer for one photograph, as a line of JSON.

use serde_json::{Value, json};
use skinlesion::Class;
use skinlesion::imaging::read::Refusal;
use skinlesion::inference::judgement::{Judgement, Rules, Score};
use skinlesion::probabilities::Probabilities;

/// The answer for one photograph.
pub struct Answer {
    /// The photograph's path.
    pub image: String,
    pub probabilities: Probabilities,
    pub judgement: Judgement,
    /// The file of its heat map.
    pub heat_map: Option<String>,
}

/// Why there is no answer for a photograph.
pub struct Failure {
    /// The photograph's path.
    pub image: String,
    /// The error's message, on one line.
    pub error: String,
    /// Whether it is no dermatoscopic photograph by its shape.
    pub by_shape: bool,
}

impl Failure {
    pub fn new(image: String, refusal: &Refusal) -> Self {
        Self {
            image,
            error: refusal.error.to_string().replace("\n  ", ". "),
            by_shape: refusal.by_shape,
        }
    }

    /// A line of JSON.
    pub fn line(&self) -> String {
        let not_a_lesion = self.by_shape.then_some(true);
        let line = json!({"image": self.image, "error": self.error, "not_a_lesion": not_a_lesion});
        format!("{line}\n")
    }
}

/// What all answers have in common.
pub struct Lines<'a> {
    pub rules: &'a Rules,
    /// The number of diagnoses to list.
    pub top_k: usize,
    pub tta: bool,
    pub networks: usize,
}

impl Lines<'_> {
    /// A line of JSON.
    pub fn line(&self, answer: &Answer) -> String {
        let judgement = &answer.judgement;
        let refer = judgement.refer().map(|score| &score.point.target);
        let top = answer.probabilities.ranked();
        let points: Vec<Value> = judgement.scores.iter().map(operating_point).collect();
        let line = json!({
            "image": answer.image,
            "class": judgement.class,
            "decision": {"rule": self.rules.rule, "class": judgement.class},
            "not_sure": judgement.not_sure,
            "refer": refer,
            "operating_points": (!points.is_empty()).then_some(points),
            "not_a_lesion": judgement.not_a_lesion,
            "novelty": judgement.novelty,
            "top": top[..self.top_k.min(top.len())].iter().map(listed).collect::<Vec<_>>(),
            "tta": self.tta,
            "networks": self.networks,
            "heat_map": answer.heat_map,
        });
        format!("{line}\n")
    }
}

fn listed((diagnosis, probability): &(Class, f64)) -> Value {
    json!({
        "class": diagnosis.code(),
        "name": diagnosis.name(),
        "probability": probability,
        "malignant": diagnosis.is_malignant(),
    })
}

fn operating_point(score: &Score) -> Value {
    json!({
        "target": score.point.target,
        "score": score.score,
        "threshold": score.point.threshold,
        "sensitivity": score.point.sensitivity,
        "positive": score.is_positive(),
    })
}
