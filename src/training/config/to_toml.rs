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
