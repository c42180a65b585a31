//! A configuration as a file.

use super::TrainingConfig;
use super::resolve::keys;

impl TrainingConfig {
    /// The configuration as TOML, in the form that `--config` reads: every key of its phase, so that no default changes
    /// it.
    pub fn to_toml(&self) -> String {
        // Cannot fail: numbers, strings and tables only.
        let mut table = toml::Table::try_from(self).unwrap_or_default();
        let known = keys(self.phase);
        table.retain(|key, _| key == "phase" || known.contains_key(key));
        toml::to_string_pretty(&table).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::training::config::Phase;
    use crate::training::config::resolve::resolve;

    #[test]
    fn the_configuration_of_a_run_given_as_a_file_is_that_of_the_run() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        let off = [
            "class_factors={}",
            "ema_decay=0",
            "first_size=0",
            "last_size=0",
            "distillation_alpha=0",
            "teacher_temperature=1",
        ];
        for (phase, settings) in [
            (Phase::Transfer, &off[..1]),
            (Phase::Finetune, &off[..]),
            (Phase::Finetune, &[]),
        ] {
            let settings: Vec<String> = settings.iter().map(|&one| one.to_owned()).collect();
            let config = resolve(phase, None, &settings).unwrap();
            std::fs::write(&file, config.to_toml()).unwrap();
            assert_eq!(resolve(phase, Some(&file), &[]).unwrap(), config);
        }
    }
}
