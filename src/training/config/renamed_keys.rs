//! Configuration keys that were renamed. Old names are accepted in files, as settings and in checkpoints.

use toml::Table;

use crate::{Error, Result};

/// Renamed configuration keys: the old name, which is still accepted, and the current one.
const RENAMED_KEYS: [(&str, &str); 4] = [
    ("teacher_share", "distillation_alpha"),
    ("select_by", "monitor"),
    ("thaw_blocks", "trainable_blocks"),
    ("keep_features", "cache_features"),
];

/// Replaces the old names of renamed keys by the current ones.
pub(super) fn update_renamed_keys(table: &mut Table, place: &str) -> Result<()> {
    refuse_old_and_new(|key| table.contains_key(key), place)?;
    for (old, new) in RENAMED_KEYS {
        if let Some(value) = table.remove(old) {
            table.insert(new.to_owned(), value);
        }
    }
    Ok(())
}

/// Refuses a renamed key that is given under both of its names.
pub(super) fn refuse_old_and_new(is_given: impl Fn(&str) -> bool, place: &str) -> Result<()> {
    match (RENAMED_KEYS.into_iter()).find(|&(old, new)| is_given(old) && is_given(new)) {
        Some((old, new)) => Err(Error::input(
            place,
            format!("both {new} and {old}, the old name of the same key, are given"),
            format!("Remove {old}."),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use toml::Value;

    use super::*;
    use crate::training::config::resolve::{from_checkpoint, parse_value, resolve};
    use crate::training::config::{Phase, TrainingConfig};

    /// Old and current name of every renamed key, with a value other than the default and the phase that has the key.
    const OLD_KEYS: [(&str, &str, &str, Phase); 4] = [
        (
            "teacher_share",
            "distillation_alpha",
            "0.25",
            Phase::Finetune,
        ),
        ("select_by", "monitor", "\"macro_f1\"", Phase::Finetune),
        ("thaw_blocks", "trainable_blocks", "3", Phase::Finetune),
        ("keep_features", "cache_features", "false", Phase::Transfer),
    ];

    fn value(config: &TrainingConfig, key: &str) -> Value {
        Table::try_from(config).unwrap()[key].clone()
    }

    #[test]
    fn old_keys_are_accepted_in_a_file_and_in_its_tables() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("old.toml");
        for (old, new, text, phase) in OLD_KEYS {
            for table in [String::new(), format!("[{phase}]\n")] {
                std::fs::write(&path, format!("{table}{old} = {text}\n")).unwrap();
                let config = resolve(phase, Some(&path), &[]).unwrap();
                assert_eq!(value(&config, new), parse_value(text), "{old}");
                assert_ne!(config, resolve(phase, None, &[]).unwrap(), "{old}");
            }
        }
    }

    #[test]
    fn old_keys_are_accepted_as_settings() {
        for (old, new, text, phase) in OLD_KEYS {
            let config = resolve(phase, None, &[format!("{old}={text}")]).unwrap();
            assert_eq!(value(&config, new), parse_value(text), "{old}");
        }
    }

    #[test]
    fn a_key_under_its_old_and_its_new_name_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("both.toml");
        for (old, new, text, phase) in OLD_KEYS {
            std::fs::write(&path, format!("{old} = {text}\n{new} = {text}\n")).unwrap();
            let settings = [old, new].map(|key| format!("{key}={text}"));
            for error in [
                resolve(phase, Some(&path), &[]).unwrap_err(),
                resolve(phase, None, &settings).unwrap_err(),
            ] {
                let error = error.to_string();
                assert!(error.contains(old) && error.contains(new), "{error}");
            }
        }
    }

    #[test]
    fn the_configuration_of_an_old_checkpoint_is_read() {
        for phase in [Phase::Transfer, Phase::Finetune] {
            let settings: Vec<String> = (OLD_KEYS.iter().filter(|key| key.3 == phase))
                .map(|(_, new, text, _)| format!("{new}={text}"))
                .collect();
            let config = resolve(phase, None, &settings).unwrap();
            let mut text = config.to_toml();
            for (old, new, ..) in OLD_KEYS {
                text = text.replace(&format!("\n{new} = "), &format!("\n{old} = "));
            }
            assert_ne!(text, config.to_toml());
            let read = from_checkpoint(Path::new("config.toml"), &text).unwrap();
            assert_eq!(read, config);
        }
    }
}
