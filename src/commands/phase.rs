//! The flag --phase.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use skinlesion::training::Phase;
use strum::VariantArray;

/// The phases by name; the help of each flag describes them.
pub fn phase() -> impl TypedValueParser<Value = Phase> {
    let names = Phase::VARIANTS.iter().map(|phase| phase.name());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Phase>())
}
