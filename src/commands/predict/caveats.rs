//! What is said below the answers: how to read them, and what they are not.

use skinlesion::artifact::description::Threshold;
use skinlesion::inference::judgement::Rules;
use skinlesion::metrics::decisions::DecisionRule;
use skinlesion::metrics::operating_points::Target;
use skinlesion::{Class, ClassList};

/// The caveats of a model's answers, each of one or two lines.
pub fn caveats(classes: ClassList, rules: &Rules, tta: bool, networks: usize) -> Vec<String> {
    let mut first = Vec::new();
    if classes.iter().any(Class::is_malignant) {
        first.push("* counts as malignant.");
    }
    if tta {
        first.push("Probabilities are means over 8 views of each (--tta).");
    }
    let mut lines = match first.is_empty() {
        true => Vec::new(),
        false => vec![first.join(" ")],
    };
    if networks > 1 {
        lines.push(format!(
            "Probabilities are means over {networks} models (an ensemble)."
        ));
    }
    if rules.rule == DecisionRule::Balanced {
        lines.push(
            "> is the diagnosis named by the balanced rule, which names rare ones earlier\n  \
             (--decision likeliest: the first)."
                .to_owned(),
        );
    }
    if rules.novelty.is_some() {
        lines.push(
            "! and ? mark what does not look like a dermatoscopic photograph to the network:\n  \
             do not read its answer. An unmarked picture may not be one either."
                .to_owned(),
        );
    }
    lines.extend(all_clear(rules));
    // Classes of which none is malignant or watched have no operating points.
    if rules.abstention.is_none() {
        let why = match (tta, networks) {
            (true, _) => "those of the model are for single views.",
            (_, 2..) => "those of the models are for each alone.",
            _ => "`skinlesion export` with --data chooses them.",
        };
        lines.push(format!(
            "Limits for “not sure” or “refer” are missing: {why}"
        ));
    }
    lines
}

/// That an answer without “refer” is not an all-clear.
fn all_clear(rules: &Rules) -> Option<String> {
    let missed = |point: &Threshold| {
        let lesions = match &point.target {
            Target::Melanoma => "melanomas",
            Target::Malignant => "malignant lesions",
            Target::Watched(code) => code,
        };
        let missed = 100.0 * (1.0 - point.sensitivity?);
        Some(format!("{missed:.0} of 100 {lesions}"))
    };
    let parts: Vec<String> = rules.operating_points.iter().filter_map(missed).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "No “refer” is not an all-clear:\n  {} get none.",
            parts.join(" and ")
        )
    })
}
