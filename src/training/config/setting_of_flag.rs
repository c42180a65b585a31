//! Settings that someone gives as flags.

use std::path::Path;

use strum::VariantArray;
use toml::{Table, Value};

use super::Phase;
use super::resolve::{defaults, parse};

/// Names of settings in other tools, and their keys here.
const ELSEWHERE: [(&str, &str); 12] = [
    ("patience", "early_stopping_patience"),
    ("early_stopping", "early_stopping_patience"),
    ("lr", "learning_rate"),
    ("base_lr", "base_learning_rate"),
    ("min_lr", "min_learning_rate"),
    ("wd", "weight_decay"),
    ("scheduler", "schedule"),
    ("warmup", "warmup_epochs"),
    ("ema", "ema_decay"),
    ("freeze", "trainable_blocks"),
    ("smoothing", "label_smoothing"),
    ("clip_grad", "clip_grad_norm"),
];

/// The key of a setting, such as `early_stopping_patience` or `augment.hair`, for a flag such as `--patience`; `None`
/// for a flag that resembles none.
pub fn setting_of_flag(flag: &str) -> Option<String> {
    let words = flag
        .trim_start_matches('-')
        .to_lowercase()
        .replace('-', "_");
    let keys = keys();
    let elsewhere = ELSEWHERE
        .iter()
        .find(|(name, _)| *name == words)
        .map(|(_, key)| *key);
    let name = elsewhere.unwrap_or(&words);
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let exact = keys.iter().find(|key| **key == name || last(key) == name);
    let nearest = || {
        let distance = |key: &&String| strsim::levenshtein(&last(key), name);
        keys.iter()
            .min_by_key(distance)
            .filter(|key| distance(key) <= 2 && name.len() > 4)
    };
    exact.or_else(nearest).cloned()
}

/// The keys of both phases.
fn keys() -> Vec<String> {
    let mut keys = Vec::new();
    for phase in Phase::VARIANTS {
        let (name, text) = defaults(*phase);
        let table: Table = parse(Path::new(name), text).unwrap_or_default();
        for (key, value) in table {
            match value {
                Value::Table(inner) if key == "augment" => {
                    keys.extend(inner.keys().map(|name| format!("augment.{name}")));
                }
                _ => keys.push(key),
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_other_tools_are_recognised_and_nonsense_is_not() {
        for (flag, key) in [
            ("--patience", Some("early_stopping_patience")),
            ("--label-smoothing", Some("label_smoothing")),
            ("--hair", Some("augment.hair")),
            ("--dropuot", Some("dropout")),
            ("--WD", Some("weight_decay")),
            ("--verbosity", None),
            ("--dat", None),
        ] {
            assert_eq!(setting_of_flag(flag).as_deref(), key, "{flag}");
        }
        let keys = keys();
        for (_, key) in ELSEWHERE {
            assert!(keys.iter().any(|known| known == key), "{key}");
        }
    }
}
