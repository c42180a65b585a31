//! Charts of lines with two numeric axes: ROC, precision–recall, decision and calibration curves.

use super::axis::Axis;
use super::svg::{Anchor, FAINT, GRID, PALETTE, RULE, Style, Svg};

const WIDTH: f64 = 420.0;
const PLOT: (f64, f64) = (340.0, 300.0);
const LEFT: f64 = 64.0;
const TOP: f64 = 16.0;

/// Line colours by index. After seven lines they begin again, with other dashes.
const COLOURS: [&str; 7] = [
    PALETTE[0], PALETTE[5], PALETTE[2], PALETTE[4], PALETTE[1], RULE, PALETTE[3],
];

/// Line dashes by index, so that lines differ by more than colour.
const DASHES: [&str; 7] = ["", "6 3", "2 2", "8 3 2 3", "", "4 4", "10 4"];

/// The dashes of the lines 8 to 14, 15 to 21, …
const LATER_DASHES: [&str; 6] = ["1 2", "12 3", "5 1", "3 1 1 1", "1 5", "14 2 1 2"];

/// A named line.
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Points in drawing order.
    pub points: Vec<(f64, f64)>,
    /// Whether the line is drawn thicker.
    pub strong: bool,
    /// Whether each point is marked.
    pub dots: bool,
}

/// A chart without a legend; the page adds it as HTML.
pub struct Chart<'a> {
    /// Title for screen readers.
    pub title: &'a str,
    /// Label of the x axis.
    pub x_label: &'a str,
    /// Label of the y axis.
    pub y_label: &'a str,
    /// Range of the x axis.
    pub x: (f64, f64),
    /// Range of the y axis; values outside are clamped.
    pub y: (f64, f64),
    /// A thin grey reference line.
    pub reference: &'a [(f64, f64)],
    /// The lines. The first 49 differ in colour or dashes.
    pub series: &'a [Series],
}

/// Draws a chart.
pub fn chart(chart: &Chart) -> String {
    let mut svg = Svg::new(WIDTH, TOP + PLOT.1 + 56.0, chart.title);
    let axis = |ends: (f64, f64)| Axis::covering([ends.0, ends.1].into_iter(), 5, 0.0);
    let (x_axis, y_axis) = (axis(chart.x), axis(chart.y));
    let x = |value: f64| LEFT + x_axis.position(value) * PLOT.0;
    let y = |value: f64| TOP + (1.0 - y_axis.position(value).clamp(0.0, 1.0)) * PLOT.1;
    let (right, bottom) = (LEFT + PLOT.0, TOP + PLOT.1);
    let small = Style::new(12.0).colour(FAINT);
    for &tick in &y_axis.ticks {
        svg.line((LEFT, y(tick)), (right, y(tick)), GRID, 1.0);
        let point = (LEFT - 8.0, y(tick) + 4.0);
        svg.text(point, &y_axis.label(tick), small.anchor(Anchor::End));
    }
    for &tick in &x_axis.ticks {
        svg.line((x(tick), bottom), (x(tick), bottom + 4.0), RULE, 1.0);
        let point = (x(tick), bottom + 19.0);
        svg.text(point, &x_axis.label(tick), small.anchor(Anchor::Middle));
    }
    svg.line((LEFT, bottom), (right, bottom), RULE, 1.0);
    let label = Style::new(13.0).anchor(Anchor::Middle);
    svg.text((LEFT + PLOT.0 / 2.0, bottom + 42.0), chart.x_label, label);
    svg.text((18.0, TOP + PLOT.1 / 2.0), chart.y_label, label.upwards());

    let to_pixels = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|&(a, b)| (x(a), y(b))).collect()
    };
    svg.path(&to_pixels(chart.reference), RULE, 1.0, "3 3");
    for (index, series) in chart.series.iter().enumerate() {
        let (colour, dashes) = line_style(index);
        let points = to_pixels(&series.points);
        let width = if series.strong { 3.0 } else { 1.75 };
        svg.path(&points, colour, width, dashes);
        for &point in points.iter().filter(|_| series.dots) {
            svg.dot(point, 3.5, colour);
        }
    }
    svg.finish()
}

/// A short sample of the line of a series, for the legend.
pub fn sample(index: usize) -> String {
    let (colour, dashes) = line_style(index);
    let mut svg = Svg::new(32.0, 10.0, "");
    svg.path(&[(0.0, 5.0), (32.0, 5.0)], colour, 3.0, dashes);
    svg.finish()
}

fn line_style(index: usize) -> (&'static str, &'static str) {
    let (round, index) = (index / COLOURS.len(), index % COLOURS.len());
    match round.checked_sub(1) {
        None => (COLOURS[index], DASHES[index]),
        Some(later) => (COLOURS[index], LATER_DASHES[later % LATER_DASHES.len()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_many_classes_differ_in_colour_or_dashes() {
        let styles: std::collections::BTreeSet<_> = (0..30).map(line_style).collect();
        assert_eq!(styles.len(), 30);
    }

    #[test]
    fn lines_are_clamped_to_the_frame() {
        let series = [Series {
            name: "net benefit".into(),
            points: vec![(0.0, 0.1), (0.5, -8.0)],
            strong: true,
            dots: true,
        }];
        let svg = chart(&Chart {
            title: "Decision",
            x_label: "threshold",
            y_label: "net benefit",
            x: (0.0, 0.6),
            y: (-0.05, 0.1),
            reference: &[(0.0, 0.0), (0.6, 0.0)],
            series: &series,
        });
        let bottom = TOP + PLOT.1;
        assert!(svg.contains(&format!(r#"cy="{bottom}""#)), "{svg}");
        assert!(svg.contains("stroke-width=\"3\"") && svg.contains(">net benefit<"));
        assert!(sample(0).contains("polyline") && sample(6).contains("polyline"));
    }
}
