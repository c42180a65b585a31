//! SVG → PNG with embedded fonts, so that results do not depend on the fonts of the machine.

use std::io;
use std::path::Path;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::{Error, Result};

/// Licence and origin: `fonts/README.md`.
const FONTS: [&[u8]; 2] = [
    include_bytes!("fonts/Roboto-Regular.ttf"),
    include_bytes!("fonts/Roboto-Bold.ttf"),
];

/// PNG pixels per SVG pixel, for print and high-density screens.
pub const SCALE: f32 = 2.0;

/// Renders an SVG to the bytes of a PNG file. `path` is only used in errors.
pub fn png(svg: &str, path: &Path) -> Result<Vec<u8>> {
    draw(svg).map_err(Error::io("draw", path))
}

fn draw(svg: &str) -> io::Result<Vec<u8>> {
    let mut options = Options {
        font_family: "Roboto".to_owned(),
        ..Options::default()
    };
    for font in FONTS {
        options.fontdb_mut().load_font_data(font.to_vec());
    }
    options.fontdb_mut().set_sans_serif_family("Roboto");
    let tree = Tree::from_str(svg, &options).map_err(io::Error::other)?;
    let (width, height) = (tree.size().width() * SCALE, tree.size().height() * SCALE);
    let mut pixmap = Pixmap::new(width.ceil() as u32, height.ceil() as u32)
        .ok_or_else(|| io::Error::other(format!("a picture of {width}×{height} is too large")))?;
    resvg::render(
        &tree,
        Transform::from_scale(SCALE, SCALE),
        &mut pixmap.as_mut(),
    );
    pixmap.encode_png().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::{Style, Svg};

    #[test]
    fn text_is_drawn_without_system_fonts() {
        let ink = |text: &str| {
            let mut svg = Svg::new(100.0, 40.0, "");
            svg.text((5.0, 25.0), text, Style::new(16.0));
            let png = png(&svg.finish(), Path::new("test.png")).unwrap();
            let pixels = image::load_from_memory(&png).unwrap().into_luma8();
            assert_eq!(pixels.dimensions(), (200, 80));
            pixels.pixels().filter(|pixel| pixel.0[0] < 128).count()
        };
        assert_eq!(ink(""), 0);
        let sum = ink("A") + ink("×");
        assert!(ink("A") > 20 && ink("×") > 10 && ink("A×").abs_diff(sum) < sum / 4);
    }

    #[test]
    fn an_invalid_svg_is_an_error() {
        assert!(png("<html>", Path::new("x.png")).is_err());
    }
}
