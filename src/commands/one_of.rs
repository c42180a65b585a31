//! Enums of the library as values of flags.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use strum::{EnumMessage, VariantArray};

/// Takes an enum of the library by its names; help lists them with their documentation, of one line each.
pub fn one_of<T>() -> impl TypedValueParser<Value = T>
where
    T: Copy + EnumMessage + FromStr + Into<&'static str> + VariantArray + Send + Sync,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let values = T::VARIANTS.iter().map(|&value| {
        let help = value.get_documentation().unwrap_or_default();
        PossibleValue::new(value.into()).help(help.trim_end_matches('.'))
    });
    PossibleValuesParser::new(values).try_map(|name| name.parse::<T>())
}
