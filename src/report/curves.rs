//! Lines over a common x axis, one panel beside the other: how a training run went.

/// One panel: a title and the lines in it.
pub struct Panel<'a> {
    /// What is drawn, such as "Loss".
    pub title: &'a str,
    /// The lines, each in its own colour.
    pub lines: Vec<Line<'a>>,
}

/// One line of a panel.
pub struct Line<'a> {
    /// Its name in the legend, such as "training".
    pub name: &'a str,
    /// One value for each x; `None` leaves a gap.
    pub values: Vec<Option<f64>>,
}

/// Draws panels over a common x axis, as SVG. Lines of the same place in their panels have the same colour.
pub fn line_panels(title: &str, x_label: &str, x: &[f64], panels: &[Panel]) -> String {
    let _ = (title, x_label, x, panels);
    String::new()
}
