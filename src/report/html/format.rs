//! Formatting of numbers and pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped};

use crate::report::svg::{FAINT, GRID, INK, RULE};

/// An inline SVG whose neutral colours follow the light or dark theme.
pub fn picture(svg: &str) -> Markup {
    let mut themed = svg.replacen("#ffffff", "var(--paper)", 1);
    for (colour, name) in [
        (INK, "ink"),
        (FAINT, "faint"),
        (RULE, "rule"),
        (GRID, "grid"),
    ] {
        themed = themed.replace(&format!("\"{colour}\""), &format!("\"var(--{name})\""));
    }
    PreEscaped(themed)
}

/// A number with three decimals, or a dash.
pub fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| {
        format!("{value:.3}").replace('-', "−")
    })
}

/// An interval with three decimals, or an empty string.
pub fn interval(ends: Option<&[f64; 2]>) -> String {
    ends.map_or_else(String::new, |&[low, high]| {
        format!("{} to {}", number(Some(low)), number(Some(high)))
    })
}

/// A share as a whole percentage.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// A PNG file as a `data:` URL.
pub fn picture_data(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}
