//! Line charts in panels with a common x axis: training curves.

use super::axis::Axis;
use super::svg::{Anchor, FAINT, GRID, INK, PALETTE, RULE, Style, Svg, text_width};

/// One panel: a title and the lines in it.
pub struct Panel<'a> {
    /// Title, such as "Loss".
    pub title: &'a str,
    /// The lines.
    pub lines: Vec<Line<'a>>,
}

/// One line of a panel.
pub struct Line<'a> {
    /// Name in the legend, such as "training".
    pub name: &'a str,
    /// One value for each x; `None` and non-finite values leave a gap.
    pub values: Vec<Option<f64>>,
}

const PLOT: (f64, f64) = (270.0, 180.0);
/// Distance between the corners of neighbouring plots, with room for ticks, last values and titles.
const PITCH: (f64, f64) = (368.0, 268.0);
const CORNER: (f64, f64) = (64.0, 116.0);
const DASHES: [&str; PALETTE.len()] = ["", "7 3", "2 3", "9 3 2 3", "4 4", "1 2"];

/// Draws panels with a common x axis as SVG. Lines of the same name have the same colour in all panels. Each line is
/// labelled with its last value.
pub fn line_panels(title: &str, x_label: &str, x: &[f64], panels: &[Panel]) -> String {
    let columns = match panels.len() {
        0..=3 => panels.len().max(1),
        4 => 2,
        _ => 3,
    };
    let rows = panels.len().div_ceil(columns).max(1);
    let width = CORNER.0 + PITCH.0 * columns as f64 - 8.0;
    let height = CORNER.1 + PITCH.1 * rows as f64 - 24.0;
    let mut svg = Svg::new(width, height, title);
    svg.text((20.0, 34.0), title, Style::new(18.0).bold());

    let names = names(panels);
    draw_legend(&mut svg, &names);
    let is_integer = x.iter().all(|x| x.fract() == 0.0);
    let x_axis = Axis::covering(x.iter().copied(), 6, if is_integer { 1.0 } else { 0.0 });
    for (index, panel) in panels.iter().enumerate() {
        let (column, row) = (index % columns, index / columns);
        let plot = Plot {
            left: CORNER.0 + column as f64 * PITCH.0,
            top: CORNER.1 + row as f64 * PITCH.1,
            x_axis: &x_axis,
            y_axis: Axis::covering(finite(panel), 4, 0.0),
        };
        plot.draw_frame(&mut svg, panel.title, x_label);
        plot.draw_lines(&mut svg, x, panel, &names);
    }
    svg.finish()
}

/// The names of all lines, in order of appearance. The index of a name selects its colour.
fn names<'a>(panels: &[Panel<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for line in panels.iter().flat_map(|panel| &panel.lines) {
        if !names.contains(&line.name) {
            names.push(line.name);
        }
    }
    names
}

fn finite(panel: &Panel) -> impl Iterator<Item = f64> {
    let values = panel.lines.iter().flat_map(|line| &line.values);
    values.flatten().copied().filter(|value| value.is_finite())
}

fn draw_legend(svg: &mut Svg, names: &[&str]) {
    let mut x = 20.0;
    for (index, name) in names.iter().enumerate() {
        let (colour, dashes) = line_style(index);
        svg.path(&[(x, 56.0), (x + 30.0, 56.0)], colour, 2.5, dashes);
        svg.text((x + 38.0, 60.5), name, Style::new(13.0));
        x += 38.0 + text_width(name, 13.0) + 24.0;
    }
}

fn line_style(index: usize) -> (&'static str, &'static str) {
    let index = index % PALETTE.len();
    (PALETTE[index], DASHES[index])
}

/// The position and axes of a panel.
struct Plot<'a> {
    left: f64,
    top: f64,
    x_axis: &'a Axis,
    y_axis: Axis,
}

impl Plot<'_> {
    fn x(&self, value: f64) -> f64 {
        self.left + self.x_axis.position(value) * PLOT.0
    }

    fn y(&self, value: f64) -> f64 {
        self.top + (1.0 - self.y_axis.position(value)) * PLOT.1
    }

    fn draw_frame(&self, svg: &mut Svg, title: &str, x_label: &str) {
        let (right, bottom) = (self.left + PLOT.0, self.top + PLOT.1);
        let small = Style::new(11.0).colour(FAINT);
        svg.text((self.left, self.top - 12.0), title, Style::new(14.0).bold());
        for &tick in &self.y_axis.ticks {
            let y = self.y(tick);
            svg.line((self.left, y), (right, y), GRID, 1.0);
            let label = self.y_axis.label(tick);
            svg.text(
                (self.left - 7.0, y + 4.0),
                &label,
                small.anchor(Anchor::End),
            );
        }
        for &tick in &self.x_axis.ticks {
            let x = self.x(tick);
            svg.line((x, bottom), (x, bottom + 4.0), RULE, 1.0);
            let label = self.x_axis.label(tick);
            svg.text((x, bottom + 17.0), &label, small.anchor(Anchor::Middle));
        }
        svg.line((self.left, bottom), (right, bottom), RULE, 1.0);
        let middle = (self.left + PLOT.0 / 2.0, bottom + 36.0);
        svg.text(
            middle,
            x_label,
            Style::new(12.0).colour(FAINT).anchor(Anchor::Middle),
        );
    }

    fn draw_lines(&self, svg: &mut Svg, x: &[f64], panel: &Panel, names: &[&str]) {
        let mut ends = Vec::new();
        for line in &panel.lines {
            let index = names.iter().position(|name| *name == line.name);
            let (colour, dashes) = line_style(index.unwrap_or(0));
            let runs = self.runs(x, &line.values);
            for run in &runs {
                svg.path(run, colour, 2.0, dashes);
                if let [single] = run.as_slice() {
                    svg.dot(*single, 3.0, colour);
                }
            }
            let last = line
                .values
                .iter()
                .flatten()
                .rfind(|value| value.is_finite());
            if let (Some(&point), Some(&value)) = (runs.last().and_then(|run| run.last()), last) {
                svg.dot(point, 3.0, colour);
                ends.push((point, value, colour));
            }
        }
        draw_ends(svg, ends);
    }

    /// The segments of a line between its gaps, in pixels.
    fn runs(&self, x: &[f64], values: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
        let mut runs = vec![Vec::new()];
        for (&x, value) in x.iter().zip(values) {
            match value.filter(|value| value.is_finite()) {
                Some(value) => {
                    if let Some(run) = runs.last_mut() {
                        run.push((self.x(x), self.y(value)));
                    }
                }
                None => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }
}

/// Writes the last values at the ends of the lines, moved apart where they would overlap.
fn draw_ends(svg: &mut Svg, mut ends: Vec<((f64, f64), f64, &str)>) {
    const HEIGHT: f64 = 13.0;
    ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    let mut above = f64::NEG_INFINITY;
    for ((x, y), value, colour) in ends {
        let y = y.max(above + HEIGHT);
        above = y;
        let text = if value.abs() < 10.0 {
            format!("{value:.3}")
        } else {
            format!("{value:.1}")
        };
        let colour = if colour == PALETTE[0] || colour == PALETTE[1] {
            colour
        } else {
            INK
        };
        svg.text(
            (x + 8.0, y + 4.0),
            &text.replace('-', "−"),
            Style::new(12.0).colour(colour),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(values: Vec<Option<f64>>) -> Panel<'static> {
        Panel {
            title: "Loss",
            lines: vec![Line {
                name: "training",
                values,
            }],
        }
    }

    #[test]
    fn a_gap_splits_a_line_and_a_single_value_is_a_dot() {
        let x: Vec<f64> = (1..=5).map(f64::from).collect();
        let values = vec![Some(1.0), Some(0.8), None, Some(f64::NAN), Some(0.5)];
        let svg = line_panels("Run", "epoch", &x, &[panel(values)]);
        let lines = svg.matches(r#"stroke-width="2""#).count();
        assert_eq!(lines, 2);
        assert!(svg.contains("<circle") && svg.contains(">0.500<"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn empty_panels_are_drawn() {
        for panels in [vec![], vec![panel(vec![])], vec![panel(vec![None])]] {
            let svg = line_panels("Run", "epoch", &[], &panels);
            assert!(svg.contains("</svg>") && !svg.contains("NaN"));
        }
    }
}
