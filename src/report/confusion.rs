//! The confusion matrix as SVG.

use super::axis::thousands;
use super::svg::{Anchor, FAINT, RULE, Style, Svg};
use crate::metrics::Confusion;

const LEFT: f64 = 132.0;
const TOP: f64 = 128.0;

/// The side of a cell, smaller for many classes.
fn cell_side(classes: usize) -> f64 {
    if classes <= 12 { 64.0 } else { 46.0 }
}

/// The most characters of a code that fit beside and above the cells.
const CODE: usize = 8;

fn short(code: &str) -> String {
    match code.len() > CODE {
        true => format!("{}…", &code[..CODE - 1]),
        false => code.to_owned(),
    }
}

/// The contents of the cells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// Counts of images.
    Counts,
    /// Shares of the row; the diagonal is the recall.
    Normalized,
}

/// Draws a confusion matrix with truth as rows and predictions as columns. The colour is always the share of the row,
/// because counts would show only the largest class.
pub fn confusion_matrix(confusion: &Confusion, cells: Cells, title: &str) -> String {
    let classes = confusion.classes();
    let cell = cell_side(classes.len());
    let side = cell * classes.len() as f64;
    let mut svg = Svg::new(LEFT + side + 116.0, TOP + side + 56.0, title);
    svg.text((20.0, 34.0), title, Style::new(18.0).bold());
    draw_labels(&mut svg, confusion, cell);
    let shares = confusion.normalized();
    for truth in classes.iter() {
        for prediction in classes.iter() {
            let (row, column) = (truth.index(), prediction.index());
            let corner = (LEFT + column as f64 * cell, TOP + row as f64 * cell);
            let count = confusion.counts[row][column];
            let share = shares[row].as_ref().map(|row| row[column]);
            draw_cell(&mut svg, corner, cell, cells, (count, share));
        }
    }
    // Frames on the diagonal.
    for index in 0..classes.len() {
        let (x, y) = (LEFT + index as f64 * cell, TOP + index as f64 * cell);
        let corners = [
            (x, y),
            (x + cell, y),
            (x + cell, y + cell),
            (x, y + cell),
            (x, y),
        ];
        svg.path(&corners, RULE, 1.5, "");
    }
    draw_colour_bar(&mut svg, side);
    svg.finish()
}

fn draw_labels(svg: &mut Svg, confusion: &Confusion, cell: f64) {
    let classes = confusion.classes();
    let side = cell * classes.len() as f64;
    let axis = Style::new(14.0).anchor(Anchor::Middle);
    svg.text((LEFT + side / 2.0, TOP - 50.0), "Prediction", axis);
    svg.text((30.0, TOP + side / 2.0), "Truth", axis.upwards());
    let code = Style::new(14.0).bold();
    let small = Style::new(11.0).colour(FAINT);
    for class in classes.iter() {
        let middle = (class.index() as f64 + 0.5) * cell;
        let end = Anchor::End;
        svg.text(
            (LEFT - 10.0, TOP + middle - 1.0),
            &short(class.code()),
            code.anchor(end),
        );
        let support = thousands(confusion.support(class));
        svg.text(
            (LEFT - 10.0, TOP + middle + 14.0),
            &format!("n = {support}"),
            small.anchor(end),
        );
        let centre = Anchor::Middle;
        svg.text(
            (LEFT + middle, TOP - 24.0),
            &short(class.code()),
            code.anchor(centre),
        );
        let predicted = thousands(confusion.predicted(class));
        svg.text(
            (LEFT + middle, TOP - 9.0),
            &format!("n = {predicted}"),
            small.anchor(centre),
        );
    }
}

fn draw_cell(
    svg: &mut Svg,
    (x, y): (f64, f64),
    cell: f64,
    cells: Cells,
    (count, share): (usize, Option<f64>),
) {
    let fill = shade(share.unwrap_or(0.0));
    // One white pixel between the cells.
    svg.rectangle((x + 0.5, y + 0.5), (cell - 1.0, cell - 1.0), &hex(fill));
    let ink = text_colour_on(fill);
    let number = Style::new(16.0).anchor(Anchor::Middle).colour(ink);
    let middle = x + cell / 2.0;
    match (cells, share) {
        (Cells::Counts, _) => {
            svg.text((middle, y + cell / 2.0 + 5.5), &thousands(count), number);
        }
        (Cells::Normalized, Some(share)) => {
            svg.text(
                (middle, y + cell / 2.0 + 2.0),
                &format!("{share:.2}"),
                number,
            );
            let small = Style::new(11.0).anchor(Anchor::Middle).colour(ink);
            svg.text((middle, y + cell / 2.0 + 18.0), &thousands(count), small);
        }
        (Cells::Normalized, None) => svg.text((middle, y + cell / 2.0 + 5.5), "–", number),
    }
}

/// The colour bar, on the right.
fn draw_colour_bar(svg: &mut Svg, side: f64) {
    const STEPS: usize = 50;
    let (x, step) = (LEFT + side + 32.0, side / STEPS as f64);
    for index in 0..STEPS {
        let share = 1.0 - (index as f64 + 0.5) / STEPS as f64;
        // The steps overlap by half a pixel to avoid visible seams.
        svg.rectangle(
            (x, TOP + index as f64 * step),
            (14.0, step + 0.5),
            &hex(shade(share)),
        );
    }
    for tick in 0..=4 {
        let share = f64::from(tick) / 4.0;
        let y = TOP + side * (1.0 - share);
        svg.line((x + 14.0, y), (x + 18.0, y), RULE, 1.0);
        svg.text(
            (x + 22.0, y + 4.0),
            &format!("{share:.2}"),
            Style::new(11.0).colour(FAINT),
        );
    }
    let style = Style::new(12.0).colour(FAINT).anchor(Anchor::Middle);
    let foot = "Colour: share of the row, that is, of the images of the true class";
    svg.text((LEFT + side / 2.0, TOP + side + 32.0), foot, style);
}

/// A colour as red, green and blue, 0 to 255.
type Rgb = [f64; 3];

/// ColorBrewer's "Blues": lightness decreases evenly, for any colour vision.
const SHADES: [Rgb; 6] = [
    [247.0, 251.0, 255.0],
    [209.0, 226.0, 243.0],
    [152.0, 198.0, 223.0],
    [82.0, 155.0, 203.0],
    [28.0, 106.0, 176.0],
    [8.0, 48.0, 107.0],
];

/// The colour of a share from 0 to 1.
fn shade(share: f64) -> Rgb {
    let position = share.clamp(0.0, 1.0) * (SHADES.len() - 1) as f64;
    let below = (position.floor() as usize).min(SHADES.len() - 2);
    let t = position - below as f64;
    std::array::from_fn(|i| SHADES[below][i] * (1.0 - t) + SHADES[below + 1][i] * t)
}

fn hex([red, green, blue]: Rgb) -> String {
    let byte = |value: f64| value.round() as u8;
    format!("#{:02x}{:02x}{:02x}", byte(red), byte(green), byte(blue))
}

/// Black: on the middle shades, lighter text has too little contrast.
const DARK: Rgb = [0.0; 3];
const WHITE: Rgb = [255.0; 3];

/// Black or white, whichever has more contrast.
fn text_colour_on(ground: Rgb) -> &'static str {
    if contrast(DARK, ground) >= contrast(WHITE, ground) {
        "#000000"
    } else {
        "#ffffff"
    }
}

/// The contrast ratio of WCAG 2.2, 1 to 21.
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance by WCAG 2.2, 0 to 1.
fn luminance(colour: Rgb) -> f64 {
    let [red, green, blue] = colour.map(|value| {
        let value = value / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};

    #[test]
    fn every_cell_has_enough_contrast() {
        for permille in 0..=1000 {
            let ground = shade(f64::from(permille) / 1000.0);
            let best = contrast(DARK, ground).max(contrast(WHITE, ground));
            assert!(best >= 4.5, "{permille} ‰: {best}"); // WCAG's AA
        }
    }

    #[test]
    fn counts_shares_and_empty_rows_are_drawn() {
        let pairs = [(ham("mel"), ham("mel")), (ham("mel"), ham("nv"))];
        let many = std::iter::repeat_n((ham("nv"), ham("nv")), 1234);
        let confusion = Confusion::count(ham10000(), pairs.into_iter().chain(many));
        let counts = confusion_matrix(&confusion, Cells::Counts, "Counts");
        assert!(counts.contains(">1,234<") && !counts.contains(">0.50</text>\n<text"));
        let shares = confusion_matrix(&confusion, Cells::Normalized, "Shares");
        assert!(shares.contains(">0.50<") && shares.contains(">1.00<") && shares.contains(">–<"));
    }
}
