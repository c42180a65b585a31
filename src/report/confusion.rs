//! The confusion matrix as SVG.

use super::axis::thousands;
use super::svg::{Anchor, FAINT, RULE, Style, Svg};
use crate::classes::ClassList;
use crate::metrics::Confusion;

/// Pixels in a character of a code.
const CHARACTER: f64 = 9.0;

/// Where the cells are, in pixels.
#[derive(Clone, Copy)]
struct Layout {
    /// The left edge of the cells.
    left: f64,
    /// Their upper edge.
    top: f64,
    /// The side of a cell, smaller for many classes.
    cell: f64,
    /// The side of all cells.
    side: f64,
    /// Codes that are wider than a cell are written upwards over their columns.
    upwards: bool,
}

impl Layout {
    fn new(classes: ClassList) -> Self {
        let cell = if classes.len() <= 12 { 64.0 } else { 46.0 };
        let longest = classes.iter().map(|class| class.code().chars().count());
        let longest = CHARACTER * longest.max().unwrap_or(0) as f64;
        let upwards = longest > cell;
        Self {
            left: 132.0 + (longest - 72.0).max(0.0),
            top: 128.0 + if upwards { longest - 16.0 } else { 0.0 },
            cell,
            side: cell * classes.len() as f64,
            upwards,
        }
    }

    /// The upper left corner of a cell.
    fn corner(self, row: usize, column: usize) -> (f64, f64) {
        let at = |start: f64, index: usize| start + index as f64 * self.cell;
        (at(self.left, column), at(self.top, row))
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
    let layout = Layout::new(classes);
    let Layout {
        left,
        top,
        cell,
        side,
        ..
    } = layout;
    let mut svg = Svg::new(left + side + 116.0, top + side + 56.0, title);
    svg.text((20.0, 34.0), title, Style::new(18.0).bold());
    draw_labels(&mut svg, confusion, layout);
    let shares = confusion.normalized();
    for truth in classes.iter() {
        for prediction in classes.iter() {
            let (row, column) = (truth.index(), prediction.index());
            let corner = layout.corner(row, column);
            let count = confusion.counts[row][column];
            let share = shares[row].as_ref().map(|row| row[column]);
            draw_cell(&mut svg, corner, cell, cells, (count, share));
        }
    }
    // Frames on the diagonal.
    for index in 0..classes.len() {
        let (x, y) = layout.corner(index, index);
        let corners = [
            (x, y),
            (x + cell, y),
            (x + cell, y + cell),
            (x, y + cell),
            (x, y),
        ];
        svg.path(&corners, RULE, 1.5, "");
    }
    draw_colour_bar(&mut svg, layout);
    svg.finish()
}

fn draw_labels(svg: &mut Svg, confusion: &Confusion, layout: Layout) {
    let classes = confusion.classes();
    let Layout {
        left, top, side, ..
    } = layout;
    let axis = Style::new(14.0).anchor(Anchor::Middle);
    svg.text((left + side / 2.0, 78.0), "Prediction", axis);
    svg.text((30.0, top + side / 2.0), "Truth", axis.upwards());
    let code = Style::new(14.0).bold();
    let small = Style::new(11.0).colour(FAINT);
    for class in classes.iter() {
        let middle = (class.index() as f64 + 0.5) * layout.cell;
        let end = code.anchor(Anchor::End);
        svg.text((left - 10.0, top + middle - 1.0), class.code(), end);
        let support = thousands(confusion.support(class));
        svg.text(
            (left - 10.0, top + middle + 14.0),
            &format!("n = {support}"),
            small.anchor(Anchor::End),
        );
        let over = match layout.upwards {
            true => code.upwards(),
            false => code.anchor(Anchor::Middle),
        };
        let x = left + middle + if layout.upwards { 5.0 } else { 0.0 };
        svg.text((x, top - 24.0), class.code(), over);
        let predicted = thousands(confusion.predicted(class));
        svg.text(
            (left + middle, top - 9.0),
            &format!("n = {predicted}"),
            small.anchor(Anchor::Middle),
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
fn draw_colour_bar(svg: &mut Svg, layout: Layout) {
    const STEPS: usize = 50;
    let Layout {
        left, top, side, ..
    } = layout;
    let (x, step) = (left + side + 32.0, side / STEPS as f64);
    for index in 0..STEPS {
        let share = 1.0 - (index as f64 + 0.5) / STEPS as f64;
        // The steps overlap by half a pixel to avoid visible seams.
        svg.rectangle(
            (x, top + index as f64 * step),
            (14.0, step + 0.5),
            &hex(shade(share)),
        );
    }
    for tick in 0..=4 {
        let share = f64::from(tick) / 4.0;
        let y = top + side * (1.0 - share);
        svg.line((x + 14.0, y), (x + 18.0, y), RULE, 1.0);
        svg.text(
            (x + 22.0, y + 4.0),
            &format!("{share:.2}"),
            Style::new(11.0).colour(FAINT),
        );
    }
    let style = Style::new(12.0).colour(FAINT).anchor(Anchor::Middle);
    let foot = "Colour: share of the row, that is, of the images of the true class";
    svg.text((left + side / 2.0, top + side + 32.0), foot, style);
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

    #[test]
    fn codes_that_are_wider_than_a_cell_are_written_upwards_and_in_full() {
        let mut entries = ham10000().entries().to_vec();
        entries[0].code = "keratosis".to_owned();
        let wide = ClassList::new("wide", entries).unwrap();
        assert!(Layout::new(wide).upwards && !Layout::new(ham10000()).upwards);
        let confusion = Confusion::count(wide, std::iter::empty());
        let picture = confusion_matrix(&confusion, Cells::Counts, "Counts");
        assert_eq!(picture.matches(">keratosis<").count(), 2, "{picture}");
    }
}
