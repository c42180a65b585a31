//! A minimal SVG builder for charts. Lengths are in pixels; y points downwards.

use std::fmt::Write;

/// The font stack. [`super::render`] embeds the first font.
const FONTS: &str = "Roboto, 'Helvetica Neue', Arial, sans-serif";

/// Primary text.
pub const INK: &str = "#1f2328";
/// Secondary text.
pub const FAINT: &str = "#59636e";
/// Axes and frames.
pub const RULE: &str = "#8c959f";
/// Grid lines.
pub const GRID: &str = "#e3e7eb";

/// The palette of Okabe and Ito, distinguishable with any colour vision; most readable colours first.
pub const PALETTE: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00",
];

/// An SVG document under construction.
pub struct Svg {
    width: f64,
    height: f64,
    title: String,
    body: String,
}

/// The horizontal alignment of text relative to its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    /// The text starts at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// Text style.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    size: f64,
    colour: &'a str,
    anchor: Anchor,
    bold: bool,
    upwards: bool,
}

impl<'a> Style<'a> {
    /// Horizontal text in [`INK`], starting at its point.
    pub fn new(size: f64) -> Self {
        Self {
            size,
            colour: INK,
            anchor: Anchor::Start,
            bold: false,
            upwards: false,
        }
    }

    /// Sets the colour.
    pub fn colour(self, colour: &'a str) -> Self {
        Self { colour, ..self }
    }

    /// Sets the alignment.
    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// Makes the text bold.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Rotates the text by 90°, to read upwards.
    pub fn upwards(self) -> Self {
        Self {
            upwards: true,
            ..self
        }
    }
}

impl Svg {
    /// An empty white picture. The title is for screen readers and is not drawn.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self {
            width,
            height,
            title: title.to_owned(),
            body: String::new(),
        };
        svg.rectangle((0.0, 0.0), (width, height), "#ffffff");
        svg
    }

    /// A filled rectangle from its upper left corner.
    pub fn rectangle(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let (x, y, width, height) = (short(x), short(y), short(width), short(height));
        let _ = writeln!(
            self.body,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>"#
        );
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        self.path(&[from, to], colour, width, "");
    }

    /// A polyline. `dashes` is an SVG `stroke-dasharray`; empty means solid.
    pub fn path(&mut self, points: &[(f64, f64)], colour: &str, width: f64, dashes: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|&(x, y)| format!("{},{}", short(x), short(y)))
            .collect();
        let dashes = match dashes {
            "" => String::new(),
            dashes => format!(r#" stroke-dasharray="{dashes}""#),
        };
        let _ = writeln!(
            self.body,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{}" stroke-linejoin="round"{dashes}/>"#,
            points.join(" "),
            short(width)
        );
    }

    /// A filled circle.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, colour: &str) {
        let (x, y, radius) = (short(x), short(y), short(radius));
        let _ = writeln!(
            self.body,
            r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>"#
        );
    }

    /// Text with its baseline at the point.
    pub fn text(&mut self, (x, y): (f64, f64), text: &str, style: Style) {
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y) = (short(x), short(y));
        let weight = if style.bold {
            r#" font-weight="bold""#
        } else {
            ""
        };
        let turn = if style.upwards {
            format!(r#" transform="rotate(-90 {x} {y})""#)
        } else {
            String::new()
        };
        let _ = writeln!(
            self.body,
            r#"<text x="{x}" y="{y}" font-size="{}" fill="{}" text-anchor="{anchor}"{weight}{turn}>{}</text>"#,
            short(style.size),
            style.colour,
            escape(text)
        );
    }

    /// The finished document.
    pub fn finish(self) -> String {
        let (width, height) = (short(self.width), short(self.height));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="{FONTS}">
<title>{}</title>
{}</svg>
"#,
            escape(&self.title),
            self.body
        )
    }
}

/// The approximate width of a text, precise enough to place texts side by side.
pub fn text_width(text: &str, size: f64) -> f64 {
    let ems = text.chars().map(|letter| match letter {
        ',' | '.' | ' ' | 'i' | 'l' => 0.25,
        _ => 0.56,
    });
    ems.sum::<f64>() * size
}

/// A length rounded to two decimals.
fn short(length: f64) -> f64 {
    let rounded = (length * 100.0).round() / 100.0;
    if rounded == 0.0 { 0.0 } else { rounded } // no "-0"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lengths_are_short() {
        let mut svg = Svg::new(10.0, 20.0, "a < b");
        svg.text((1.0 / 3.0, -0.001), "Bowen & <b>", Style::new(12.0).bold());
        let text = svg.finish();
        assert!(text.contains(r#"x="0.33" y="0""#), "{text}");
        assert!(text.contains("Bowen &amp; &lt;b&gt;</text>"), "{text}");
        assert!(text.contains("<title>a &lt; b</title>"), "{text}");
    }
}
