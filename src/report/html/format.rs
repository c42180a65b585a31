//! Numbers and pictures as the page shows them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped};

use crate::report::svg::{FAINT, GRID, INK, RULE};

/// A picture in the page, whose plain colours follow the reader's light or dark theme.
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

/// A figure with three decimals, or a dash.
pub fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| {
        format!("{value:.3}").replace('-', "−")
    })
}

/// An interval with three decimals, or nothing.
pub fn interval(ends: Option<&[f64; 2]>) -> String {
    ends.map_or_else(String::new, |&[low, high]| {
        format!("{} to {}", number(Some(low)), number(Some(high)))
    })
}

/// A share in percent without decimals.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// A PNG file as the address of an image within the page.
pub fn picture_data(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}
