//! Flags that a command does not have, and that are settings.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Adds to the error about an unknown flag of `train` or `config` how to give the setting of that name.
pub fn explain(mut error: clap::Error, words: &[String]) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if let Some(tip) = tip(flag, words) {
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

#[cfg(feature = "torch")]
fn tip(flag: &str, words: &[String]) -> Option<String> {
    use skinlesion::training::config::setting_of_flag::setting_of_flag;

    let takes_settings = |word: &String| ["train", "config"].contains(&word.as_str());
    words.iter().find(|word| takes_settings(word))?;
    let key = setting_of_flag(flag)?;
    let at = words
        .iter()
        .position(|word| word.split('=').next() == Some(flag))?;
    let value = match words[at].split_once('=') {
        Some((_, value)) => Some(value),
        None => words
            .get(at + 1)
            .map(String::as_str)
            .filter(|next| !next.starts_with("--")),
    };
    Some(format!(
        "this is a setting: --set {key}={}",
        value.unwrap_or("VALUE")
    ))
}

#[cfg(not(feature = "torch"))]
fn tip(_flag: &str, _words: &[String]) -> Option<String> {
    None // the verbs with settings need libtorch
}
