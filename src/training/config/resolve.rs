//! Resolves a configuration: flags beat the file, the file beats the defaults.

use std::path::Path;

use toml::{Table, Value};

use super::{Phase, TrainingConfig};
use crate::{Error, Result};

/// Renamed configuration keys: the old name, which is still accepted, and the current one.
const RENAMED_KEYS: [(&str, &str); 5] = [
    ("teacher_share", "distillation_alpha"),
    ("select_by", "monitor"),
    ("thaw_blocks", "trainable_blocks"),
    ("gradual_thaw_epochs", "gradual_unfreeze_epochs"),
    ("keep_features", "cache_features"),
];

/// The default configuration of a phase: the path and the text of its file in `configs/`.
fn defaults(phase: Phase) -> (&'static str, &'static str) {
    match phase {
        Phase::Transfer => (
            "configs/transfer.toml",
            include_str!("../../../configs/transfer.toml"),
        ),
        Phase::Finetune => (
            "configs/finetune.toml",
            include_str!("../../../configs/finetune.toml"),
        ),
    }
}

/// The defaults of `phase`, overridden by a file and then by `key=value` settings, and validated as a whole.
///
/// A file may contain keys for both phases: its `[transfer]` and `[finetune]` tables apply to that phase only. Old
/// names of renamed keys are accepted. Unknown keys are refused with the nearest known key.
pub fn resolve(phase: Phase, file: Option<&Path>, settings: &[String]) -> Result<TrainingConfig> {
    let (name, text) = defaults(phase);
    let mut table = parse(Path::new(name), text)?;
    table.insert("phase".into(), Value::String(phase.name().into()));
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        let place = path.display().to_string();
        let mut changes = parse(path, &text)?;
        let mut sections = Vec::new();
        for other in [Phase::Transfer, Phase::Finetune] {
            if let Some(Value::Table(section)) = changes.remove(other.name())
                && other == phase
            {
                sections.push(section);
            }
        }
        refuse_another_phase(path, phase, &changes)?;
        for mut changes in [changes].into_iter().chain(sections) {
            update_renamed_keys(&mut changes, &place)?;
            merge(&mut table, changes, "", &place)?;
        }
    }
    let keys: Vec<&str> = (settings
        .iter()
        .filter_map(|setting| setting.split_once('=')))
    .map(|(key, _)| key.trim())
    .collect();
    refuse_old_and_new(|key| keys.contains(&key), "--set")?;
    for setting in settings {
        let place = format!("--set {setting}");
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Error::input(place, "has no '='", "Write --set key=value."));
        };
        let nested = key
            .trim()
            .rsplit('.')
            .fold(parse_value(value.trim()), |value, name| {
                Value::Table(Table::from_iter([(name.to_owned(), value)]))
            });
        if let Value::Table(mut changes) = nested {
            update_renamed_keys(&mut changes, &place)?;
            merge(&mut table, changes, "", &place)?;
        }
    }
    deserialize(table)
}

/// Parses the configuration that [`TrainingConfig::to_toml`] wrote into a checkpoint. Old names of renamed keys are
/// accepted.
pub fn from_checkpoint(path: &Path, text: &str) -> Result<TrainingConfig> {
    let mut table = parse(path, text)?;
    update_renamed_keys(&mut table, &path.display().to_string())?;
    deserialize(table)
}

/// Replaces the old names of renamed keys by the current ones.
fn update_renamed_keys(table: &mut Table, place: &str) -> Result<()> {
    refuse_old_and_new(|key| table.contains_key(key), place)?;
    for (old, new) in RENAMED_KEYS {
        if let Some(value) = table.remove(old) {
            table.insert(new.to_owned(), value);
        }
    }
    Ok(())
}

/// Refuses a renamed key that is given under both of its names.
fn refuse_old_and_new(is_given: impl Fn(&str) -> bool, place: &str) -> Result<()> {
    match (RENAMED_KEYS.into_iter()).find(|&(old, new)| is_given(old) && is_given(new)) {
        Some((old, new)) => Err(Error::input(
            place,
            format!("both {new} and {old}, the old name of the same key, are given"),
            format!("Remove {old}."),
        )),
        None => Ok(()),
    }
}

fn deserialize(table: Table) -> Result<TrainingConfig> {
    let config: TrainingConfig = table.try_into().map_err(|error: toml::de::Error| {
        Error::input(
            "the configuration",
            error.message().to_owned(),
            "configs/transfer.toml and configs/finetune.toml describe the values of each key.",
        )
    })?;
    config.validate()?;
    Ok(config)
}

fn parse(path: &Path, text: &str) -> Result<Table> {
    text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].lines().count().max(1));
        Error::line(
            path,
            line as u64,
            error.message().to_owned(),
            "Fix this line.",
        )
    })
}

fn refuse_another_phase(path: &Path, phase: Phase, changes: &Table) -> Result<()> {
    match changes.get("phase") {
        Some(value) if value.as_str() != Some(phase.name()) => Err(Error::file(
            path,
            format!("is a configuration for phase {value}, not for {phase}"),
            "Pass the matching --phase, or another file.",
        )),
        _ => Ok(()),
    }
}

/// Parses a TOML value. Text that is not TOML becomes a string, so that --set schedule=plateau works.
fn parse_value(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Overrides the values of `table` by `changes`. Only `[augment]` is merged key by key: class weights, which may be a
/// word or a table, and class factors are replaced as a whole.
fn merge(table: &mut Table, changes: Table, prefix: &str, place: &str) -> Result<()> {
    for (key, value) in changes {
        let known = table.keys().cloned().collect::<Vec<_>>();
        let Some(old) = table.get_mut(&key) else {
            let nearest = known
                .iter()
                .min_by_key(|other| strsim::levenshtein(&key, other));
            let nearest = nearest.map_or(String::new(), |n| format!("Did you mean {prefix}{n}? "));
            return Err(Error::input(
                place,
                format!("there is no key {prefix}{key} in this phase"),
                format!("{nearest}configs/*.toml list all keys."),
            ));
        };
        match (old, value) {
            (Value::Table(old), Value::Table(changes)) if key == "augment" => {
                merge(old, changes, &format!("{key}."), place)?;
            }
            (old @ Value::Float(_), Value::Integer(whole)) => *old = Value::Float(whole as f64),
            (old, value) => *old = value,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::config::{ClassWeights, WeightRule};

    #[test]
    fn settings_override_the_file_and_the_file_overrides_the_defaults() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("my.toml");
        std::fs::write(
            &file,
            "epochs = 3\nbatch_size = 7\n[transfer]\ndropout = 0.1\n[finetune]\ndropout = 0.9\n",
        )
        .unwrap();
        let config = resolve(
            Phase::Transfer,
            Some(&file),
            &[
                "epochs=4".into(),
                "augment.shear=0".into(),
                "class_weights=none".into(),
            ],
        )
        .unwrap();
        assert_eq!((config.epochs, config.batch_size), (4, 7));
        assert_eq!(config.dropout, 0.1);
        assert_eq!(config.augment.shear, 0.0);
        assert_eq!(config.class_weights, ClassWeights::Rule(WeightRule::None));
    }

    #[test]
    fn a_table_of_class_weights_round_trips_through_toml() {
        let setting = "class_weights={ mel = 3.0, df = 2 }".to_owned();
        let config = resolve(Phase::Finetune, None, &[setting]).unwrap();
        assert!(matches!(&config.class_weights, ClassWeights::Table(table) if table.len() == 2));
        let again = from_checkpoint(Path::new("x"), &config.to_toml()).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_one() {
        let error = resolve(Phase::Finetune, None, &["trainable_bloks=3".into()]).unwrap_err();
        assert!(error.to_string().contains("trainable_blocks"), "{error}");
        assert!(resolve(Phase::Transfer, None, &["trainable_blocks=3".into()]).is_err());
        assert!(resolve(Phase::Transfer, None, &["augment.shera=0".into()]).is_err());
    }

    #[test]
    fn all_values_out_of_range_are_reported_together() {
        let settings = ["dropout=1.5".to_owned(), "monitor=luck".to_owned()];
        // Sampling Beta(α, α) hardly ever accepts a draw for α outside this range.
        for mixup in ["mixup=1e-6", "cutmix=50"] {
            let error = resolve(Phase::Finetune, None, &[mixup.into()]).unwrap_err();
            assert!(error.to_string().contains("0.01 to 4"), "{error}");
        }
        let error = resolve(Phase::Transfer, None, &settings)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("dropout") && error.contains("balanced_accuracy"),
            "{error}"
        );
    }

    /// Old and current name of every renamed key, with a value other than the default and the phase that has the key.
    const OLD_KEYS: [(&str, &str, &str, Phase); 5] = [
        (
            "teacher_share",
            "distillation_alpha",
            "0.25",
            Phase::Finetune,
        ),
        ("select_by", "monitor", "\"macro_f1\"", Phase::Finetune),
        ("thaw_blocks", "trainable_blocks", "3", Phase::Finetune),
        (
            "gradual_thaw_epochs",
            "gradual_unfreeze_epochs",
            "2.5",
            Phase::Finetune,
        ),
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

    #[test]
    fn every_default_key_is_explained_on_its_line() {
        for phase in [Phase::Transfer, Phase::Finetune] {
            let (name, text) = defaults(phase);
            for line in text
                .lines()
                .filter(|line| line.contains(" = ") && !line.starts_with('#'))
            {
                assert!(line.contains(" # "), "{name}: no comment: {line}");
            }
        }
    }
}
