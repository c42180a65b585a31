//! Lines in a square of two numeric axes: ROC, precision–recall, decision and calibration curves.

use super::axis::Axis;
use super::svg::{Anchor, FAINT, GRID, PALETTE, RULE, Style, Svg};

const WIDTH: f64 = 420.0;
const PLOT: (f64, f64) = (340.0, 300.0);
const LEFT: f64 = 64.0;
const TOP: f64 = 16.0;

/// The colours of lines by place; the seventh is for the last class.
const COLOURS: [&str; 7] = [
    PALETTE[0], PALETTE[5], PALETTE[2], PALETTE[4], PALETTE[1], RULE, PALETTE[3],
];

/// Dashes by place, so that colour is not all that tells lines apart.
const DASHES: [&str; 7] = ["", "6 3", "2 2", "8 3 2 3", "", "4 4", "10 4"];

/// A line with its name.
pub struct Series {
    /// For the legend.
    pub name: String,
    /// From first to last.
    pub points: Vec<(f64, f64)>,
    /// Drawn thicker, as what the reader came for.
    pub strong: bool,
    /// Whether each point is marked.
    pub dots: bool,
}

/// A chart without its legend, which stands in the page beside it.
pub struct Chart<'a> {
    /// For screen readers.
    pub title: &'a str,
    /// What runs across.
    pub x_label: &'a str,
    /// What runs upwards.
    pub y_label: &'a str,
    /// Ends of the x axis.
    pub x: (f64, f64),
    /// Ends of the y axis; values outside are cut off.
    pub y: (f64, f64),
    /// A line to compare with, thin and grey.
    pub reference: &'a [(f64, f64)],
    /// The lines, at most seven.
    pub series: &'a [Series],
}

/// Draws a chart.
pub fn chart(chart: &Chart) -> String {
    let mut svg = Svg::new(WIDTH, TOP + PLOT.1 + 56.0, chart.title);
    let axis = |ends: (f64, f64)| Axis::covering([ends.0, ends.1].into_iter(), 5, 0.0);
    let (x_axis, y_axis) = (axis(chart.x), axis(chart.y));
    let x = |value: f64| LEFT + x_axis.place(value) * PLOT.0;
    let y = |value: f64| TOP + (1.0 - y_axis.place(value).clamp(0.0, 1.0)) * PLOT.1;
    let (right, bottom) = (LEFT + PLOT.0, TOP + PLOT.1);
    let small = Style::new(12.0).colour(FAINT);
    for &tick in &y_axis.ticks {
        svg.line((LEFT, y(tick)), (right, y(tick)), GRID, 1.0);
        let place = (LEFT - 8.0, y(tick) + 4.0);
        svg.text(place, &y_axis.label(tick), small.anchor(Anchor::End));
    }
    for &tick in &x_axis.ticks {
        svg.line((x(tick), bottom), (x(tick), bottom + 4.0), RULE, 1.0);
        let place = (x(tick), bottom + 19.0);
        svg.text(place, &x_axis.label(tick), small.anchor(Anchor::Middle));
    }
    svg.line((LEFT, bottom), (right, bottom), RULE, 1.0);
    let label = Style::new(13.0).anchor(Anchor::Middle);
    svg.text((LEFT + PLOT.0 / 2.0, bottom + 42.0), chart.x_label, label);
    svg.text((18.0, TOP + PLOT.1 / 2.0), chart.y_label, label.upwards());

    let place = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|&(a, b)| (x(a), y(b))).collect()
    };
    svg.path(&place(chart.reference), RULE, 1.0, "3 3");
    for (index, series) in chart.series.iter().enumerate() {
        let (colour, dashes) = look(index);
        let points = place(&series.points);
        let width = if series.strong { 3.0 } else { 1.75 };
        svg.path(&points, colour, width, dashes);
        for &point in points.iter().filter(|_| series.dots) {
            svg.dot(point, 3.5, colour);
        }
    }
    svg.finish()
}

/// A short sample of a series' line, for the legend.
pub fn sample(index: usize) -> String {
    let (colour, dashes) = look(index);
    let mut svg = Svg::new(32.0, 10.0, "");
    svg.path(&[(0.0, 5.0), (32.0, 5.0)], colour, 3.0, dashes);
    svg.finish()
}

fn look(index: usize) -> (&'static str, &'static str) {
    let index = index % COLOURS.len();
    (COLOURS[index], DASHES[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_within_the_frame() {
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
