//! Resolves a configuration: flags beat the file, the file beats the defaults.

use std::path::Path;

use toml::{Table, Value};

use super::place::Place;
use super::removed_keys::drop_removed_keys;
use super::renamed_keys::{refuse_old_and_new, update_renamed_keys};
use super::wrong_value::{is_configuration, wrong_value};
use super::{Phase, TrainingConfig};
use crate::{Error, Result, reading};

/// The largest configuration file: 1 MiB.
const MAX_CONFIGURATION: u64 = 1 << 20;

/// The default configuration of a phase: the path and the text of its file in `configs/`.
pub(super) fn defaults(phase: Phase) -> (&'static str, &'static str) {
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
    let mut table = overridden(phase, file, settings)?;
    table.insert("phase".into(), Value::String(phase.name().into()));
    let config = deserialize(table)?;
    config.refuse_contradictions()?;
    Ok(config)
}

/// The values of the configuration that [`resolve`] returns, without the phase.
pub(super) fn merged(phase: Phase, file: Option<&Path>, settings: &[String]) -> Result<Table> {
    resolve(phase, file, settings)?;
    overridden(phase, file, settings)
}

fn overridden(phase: Phase, file: Option<&Path>, settings: &[String]) -> Result<Table> {
    let (name, text) = defaults(phase);
    let mut table = parse(Path::new(name), text)?;
    if let Some(path) = file {
        let text = reading::read_text(path, MAX_CONFIGURATION)?;
        let place = Place::file(path, &text);
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
        changes.remove("phase");
        for changes in [changes].into_iter().chain(sections) {
            apply(&mut table, changes, &place, phase)?;
        }
    }
    let keys: Vec<&str> = (settings
        .iter()
        .filter_map(|setting| setting.split_once('=')))
    .map(|(key, _)| key.trim())
    .collect();
    refuse_old_and_new(|key| keys.contains(&key), "--set")?;
    for setting in settings {
        let place = Place::flag(format!("--set {setting}"));
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Error::input(
                place.name(),
                "has no '='",
                "Write --set key=value.",
            ));
        };
        let nested = key
            .trim()
            .rsplit('.')
            .fold(parse_value(value.trim()), |value, name| {
                Value::Table(Table::from_iter([(name.to_owned(), value)]))
            });
        if let Value::Table(changes) = nested {
            apply(&mut table, changes, &place, phase)?;
        }
    }
    Ok(table)
}

/// Overrides the values of `table` by `changes`, which are given in one place.
fn apply(table: &mut Table, mut changes: Table, place: &Place, phase: Phase) -> Result<()> {
    drop_removed_keys(&mut changes, place.name())?;
    update_renamed_keys(&mut changes, place.name())?;
    let mut before = table.clone();
    merge(table, changes.clone(), "", place)?;
    let phase_value = Value::String(phase.name().into());
    before.insert("phase".into(), phase_value.clone());
    let mut after = table.clone();
    after.insert("phase".into(), phase_value);
    match is_configuration(&after) {
        true => Ok(()),
        false => Err(wrong_value(&before, &changes, place, defaults(phase).1)),
    }
}

/// Parses the configuration that [`TrainingConfig::to_toml`] wrote into a checkpoint. Old names of renamed keys are
/// accepted.
pub fn from_checkpoint(path: &Path, text: &str) -> Result<TrainingConfig> {
    let mut table = parse(path, text)?;
    let place = path.display().to_string();
    drop_removed_keys(&mut table, &place)?;
    update_renamed_keys(&mut table, &place)?;
    deserialize(table)
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

pub(super) fn parse(path: &Path, text: &str) -> Result<Table> {
    text.parse().map_err(|error: toml::de::Error| {
        let line = (error.span()).map_or(1, |span| reading::line_of(text, span.start));
        Error::line(path, line, error.message().to_owned(), "Fix this line.")
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
pub(super) fn parse_value(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        // Numbers that TOML spells otherwise, as .5
        .or_else(|| text.parse().ok().map(Value::Float))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The defaults of a phase, by key.
pub(super) fn keys(phase: Phase) -> Table {
    let (name, text) = defaults(phase);
    parse(Path::new(name), text).unwrap_or_default()
}

/// The phases that have a key.
fn phases_with(key: &str) -> Vec<&'static str> {
    let has = |&phase: &Phase| keys(phase).contains_key(key);
    let phases = [Phase::Transfer, Phase::Finetune].into_iter().filter(has);
    phases.map(Phase::name).collect()
}

/// Overrides the values of `table` by `changes`. Only `[augment]` is merged key by key: class weights, which may be a
/// word or a table, and class factors are replaced as a whole.
fn merge(table: &mut Table, changes: Table, prefix: &str, place: &Place) -> Result<()> {
    for (key, value) in changes {
        let known = table.keys().cloned().collect::<Vec<_>>();
        let Some(old) = table.get_mut(&key) else {
            // Farther words are no likely misspellings.
            let nearest = (known.iter())
                .map(|other| (strsim::levenshtein(&key, other), other))
                .filter(|(distance, _)| *distance <= key.chars().count() / 2)
                .min();
            let hint = match phases_with(&key) {
                phases if prefix.is_empty() && !phases.is_empty() => {
                    format!("It is a key of {}. ", phases.join(" and "))
                }
                _ => nearest.map_or(String::new(), |(_, n)| {
                    format!("Did you mean {prefix}{n}? ")
                }),
            };
            return Err(Error::input(
                place.of(&format!("{prefix}{key}")),
                match key.as_str() {
                    "" => "it names no key".to_owned(),
                    key => format!("there is no key {prefix}{key} in this phase"),
                },
                format!("{hint}`skinlesion config --phase PHASE` lists all keys."),
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
    fn a_value_of_another_type_is_refused_with_its_line_and_what_the_key_means() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("my.toml");
        for (text, line, key) in [
            ("seed = 1\nepochs = \"many\"\n", 2, "epochs"),
            ("class_weights = \"fair\"\n", 1, "class_weights"),
            ("class_factors = { mel = \"two\" }\n", 1, "class_factors"),
            ("[augment]\nhair = \"some\"\n", 2, "augment.hair"),
            ("[finetune]\noptimizer = \"lion\"\n", 2, "optimizer"),
            ("seed = -1\n", 1, "seed"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = resolve(Phase::Finetune, Some(&file), &[]).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains(&format!("my.toml:{line}: {key} cannot be ")),
                "{error}"
            );
            assert!(error.contains("Its default is "), "{error}");
            assert!(
                !error.contains("variant") && !error.contains("expected"),
                "{error}"
            );
        }
        let error = resolve(Phase::Finetune, None, &["schedule=zigzag".into()]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("--set schedule=zigzag: schedule cannot be \"zigzag\""),
            "{error}"
        );
        assert!(error.contains("constant | cosine"), "{error}");
    }

    #[test]
    fn an_error_of_toml_names_its_line() {
        for (text, line) in [
            ("epochs = 3\nepochs = 4\n", 2),
            ("epochs 3\n", 1),
            ("seed = 1\n\nepochs = \"3\n", 3),
        ] {
            let error = parse(Path::new("my.toml"), text).unwrap_err().to_string();
            assert!(error.contains(&format!("my.toml:{line}:")), "{error}");
        }
    }

    #[test]
    fn all_values_out_of_range_are_reported_together() {
        let settings = ["dropout=1.5".to_owned(), "monitor=luck".to_owned()];
        // Sampling Beta(α, α) hardly ever accepts a draw for α outside this range.
        for mixup in ["mixup=1e-6", "mixup=50"] {
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
