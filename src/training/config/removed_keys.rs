//! Configuration keys that were removed because no measurement spoke for them. Files and checkpoints of earlier
//! versions may contain them with the value that switches them off.

use toml::{Table, Value};

use crate::{Error, Result};

/// The removed keys, the value that switched each off, and why it was removed.
const REMOVED_KEYS: [(&str, Off, &str); 11] = [
    (
        "focal_gamma",
        Off::Number(0.0),
        "The focal loss improved no decision metric",
    ),
    ("logit_adjustment", Off::Number(0.0), BALANCED),
    (
        "cutmix",
        Off::Number(0.0),
        "CutMix gained nothing over mixup",
    ),
    (
        "layer_decay",
        Off::Number(1.0),
        "Layer-wise learning-rate decay gained nothing",
    ),
    ("gradual_unfreeze_epochs", Off::Number(0.0), GRADUAL),
    ("gradual_thaw_epochs", Off::Number(0.0), GRADUAL),
    (
        "batch_norm",
        Off::Word("train"),
        "Frozen BatchNorm cost twelve points of balanced accuracy",
    ),
    (
        "swa_epochs",
        Off::Number(0.0),
        "Stochastic weight averaging gained nothing over the EMA",
    ),
    (
        "source_shares",
        Off::Empty,
        "Larger shares of a source in each epoch gained nothing on it and cost melanomas elsewhere",
    ),
    ("augment.randaugment", Off::Number(0.0), RAND_AUGMENT),
    ("augment.magnitude", Off::Anything, RAND_AUGMENT),
];

const BALANCED: &str = "Class weights do the same, and `skinlesion calibrate` fits the balanced decision rule afterwards";
const RAND_AUGMENT: &str = "No gain of RandAugment was measured";
const GRADUAL: &str = "Unfreezing blocks one by one gained nothing";

/// The value that switched a removed key off.
enum Off {
    Number(f64),
    Word(&'static str),
    /// A table without entries.
    Empty,
    /// It had no effect without another removed key.
    Anything,
}

impl Off {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Number(off) => {
                value.as_float() == Some(*off) || value.as_integer().map(|n| n as f64) == Some(*off)
            }
            Self::Word(off) => value.as_str() == Some(off),
            Self::Empty => value.as_table().is_some_and(Table::is_empty),
            Self::Anything => true,
        }
    }
}

/// Drops the removed keys that are switched off.
///
/// # Errors
/// A removed key with another value.
pub(super) fn drop_removed_keys(table: &mut Table, place: &str) -> Result<()> {
    for (key, off, reason) in REMOVED_KEYS {
        let removed = match key.split_once('.') {
            Some((section, key)) => (table.get_mut(section).and_then(Value::as_table_mut))
                .and_then(|section| section.remove(key)),
            None => table.remove(key),
        };
        if let Some(value) = removed
            && !off.is(&value)
        {
            return Err(Error::input(
                place,
                format!("the key {key} was removed"),
                format!("{reason} (docs/experiments.md): omit the key."),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::training::config::Phase;
    use crate::training::config::resolve::{from_checkpoint, resolve};

    #[test]
    fn removed_keys_that_are_switched_off_are_accepted() {
        let config = resolve(Phase::Finetune, None, &[]).unwrap();
        let removed = "source_shares = {}\nfocal_gamma = 0.0\nlogit_adjustment = 0\ncutmix = 0.0\nlayer_decay = 1.0\n\
                       gradual_unfreeze_epochs = 0.0\nbatch_norm = \"train\"\nswa_epochs = 0\n";
        let of_augment = "[augment]\nrandaugment = 0\nmagnitude = 0.3\n";
        let text = format!("{removed}{}", config.to_toml()).replace("[augment]\n", of_augment);
        assert!(text.contains("randaugment"));
        let read = from_checkpoint(Path::new("config.toml"), &text).unwrap();
        assert_eq!(read, config);
    }

    #[test]
    fn removed_keys_in_use_are_refused_with_the_reason() {
        for setting in [
            "focal_gamma=2",
            "batch_norm=frozen",
            "layer_decay=0.9",
            "augment.randaugment=2",
            "source_shares={ isic2017 = 0.3 }",
        ] {
            let error = resolve(Phase::Finetune, None, &[setting.into()]).unwrap_err();
            let key = setting.split('=').next().unwrap();
            let error = error.to_string();
            assert!(
                error.contains(key) && error.contains("docs/experiments.md"),
                "{error}"
            );
        }
    }
}
