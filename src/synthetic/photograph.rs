//! Rendering of a photograph: skin, lesion, illumination and artefacts.

use image::ImageResult;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::lesion::Lesion;
use super::tissue::Tissue;
use super::view::View;
use crate::imaging::artefacts::Artefacts;
use crate::imaging::canvas::{Canvas, Stencil};
use crate::imaging::noise::Noise;

/// The skin around a lesion, which is the same in all of its photographs.
#[derive(Clone, Debug, PartialEq)]
pub struct Skin {
    base: Tissue,
    unevenness: f32,
    furrows: f32,
    noise: Noise,
}

impl Skin {
    /// Random skin.
    pub fn new(rng: &mut ChaCha8Rng) -> Self {
        Self {
            base: Tissue {
                melanin: rng.random_range(0.0..0.22),
                blood: rng.random_range(0.06..0.38),
                keratin: rng.random_range(0.0..0.12),
                ..Tissue::default()
            },
            unevenness: rng.random_range(0.1..0.35),
            furrows: rng.random_range(0.0..0.3),
            noise: Noise::new(rng),
        }
    }

    /// The tissue at a point, in millimetres.
    fn at(&self, [x, y]: [f32; 2]) -> Tissue {
        let slow = self.unevenness * self.noise.rough([0.5 * x, 0.5 * y]);
        // Two sets of crossing lines, about three per millimetre.
        let fine = self.noise.at([3.2 * x + 0.8 * y, 2.2 * y + 40.0]).abs();
        let furrow = self.furrows * (0.4 - fine);
        Tissue {
            melanin: (self.base.melanin * (1.0 + 1.2 * slow) + 0.08 * furrow).max(0.0),
            blood: (self.base.blood * (1.0 + slow + furrow)).max(0.0),
            ..self.base
        }
    }
}

/// The parameters of one photograph of a lesion. They do not depend on the diagnosis.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    view: View,
    light: [f32; 3],
    /// Gradient of the brightness, per picture width.
    slope: [f32; 2],
    /// Darkening towards the corners.
    vignette: f32,
    grain: f32,
    /// Blur radius, in pixels of a photograph 600 pixels wide; 0 is sharp.
    blur: f32,
    jpeg_quality: u8,
    artefacts: Artefacts,
    noise: Noise,
}

impl Shot {
    /// Random parameters for photographs of this width and height.
    pub fn new(width: u32, height: u32, rng: &mut ChaCha8Rng) -> Self {
        let gain: f32 = rng.random_range(0.86..1.06);
        Self {
            view: View::new(width, height, rng),
            light: [1.05, 1.0, 1.0].map(|part| gain * part * rng.random_range(0.94..1.06)),
            slope: [rng.random_range(-0.1..0.1), rng.random_range(-0.1..0.1)],
            vignette: rng.random_range(0.0..0.5),
            grain: rng.random_range(0.004..0.022),
            blur: if rng.random_bool(0.3) {
                rng.random_range(1.0..3.5)
            } else {
                0.0
            },
            jpeg_quality: rng.random_range(72..=94),
            artefacts: Artefacts::new(height as f32 / width as f32, rng),
            noise: Noise::new(rng),
        }
    }

    /// Renders the photograph as a JPEG file.
    pub fn render(
        &self,
        lesion: &Lesion,
        skin: &Skin,
        width: u32,
        height: u32,
    ) -> ImageResult<Vec<u8>> {
        let (width, height) = (width as usize, height as usize);
        let mut stencil = Stencil::new(width, height);
        let mut tissue = self.tissue(lesion, skin, width, height);
        for marks in &lesion.marks {
            marks.paint(&self.view, &mut stencil, &mut tissue);
        }
        let mut photograph = self.illuminate(&tissue);
        self.artefacts.paint(&mut stencil, &mut photograph);
        let reach = (self.blur * width as f32 / 600.0).round() as usize;
        if reach > 0 {
            photograph.blur(reach);
        }
        self.add_grain(&mut photograph);
        photograph.jpeg(self.jpeg_quality)
    }

    /// The tissue of each pixel, without the lesion's small structures. Every second pixel is computed and the others
    /// are interpolated, as skin is smooth at that scale.
    fn tissue(&self, lesion: &Lesion, skin: &Skin, width: usize, height: usize) -> Canvas<Tissue> {
        let max_radius = lesion.max_radius();
        let (columns, rows) = (width / 2 + 1, height / 2 + 1);
        let mut pixels = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let point = (self.view).to_skin([2.0 * column as f32, 2.0 * row as f32]);
                let mut tissue = skin.at(point);
                if point[0] * point[0] + point[1] * point[1] < max_radius * max_radius {
                    lesion.add_to(point, &mut tissue);
                }
                pixels.push(tissue);
            }
        }
        let coarse = Canvas {
            width: columns,
            height: rows,
            pixels,
        };
        coarse.doubled(width, height, Tissue::between)
    }

    /// The colours of the tissue under the photograph's illumination.
    fn illuminate(&self, tissue: &Canvas<Tissue>) -> Canvas<[f32; 3]> {
        let (width, height) = (tissue.width, tissue.height);
        let pixels = (tissue.pixels.iter().enumerate())
            .map(|(index, tissue)| {
                let x = (index % width) as f32 / width as f32 - 0.5;
                let y = ((index / width) as f32 - height as f32 / 2.0) / width as f32;
                let dimmed = 1.0 - self.vignette * (x * x + y * y);
                let brightness = dimmed * (1.0 + self.slope[0] * x + self.slope[1] * y);
                let colour = tissue.colour();
                std::array::from_fn(|i| colour[i] * self.light[i] * brightness)
            })
            .collect();
        Canvas {
            width,
            height,
            pixels,
        }
    }

    fn add_grain(&self, photograph: &mut Canvas<[f32; 3]>) {
        for (index, pixel) in photograph.pixels.iter_mut().enumerate() {
            let number = self.noise.number(index as i32, 0);
            let both = 2.0 * self.grain * (number - 0.5);
            let tinted = self.grain * ((64.0 * number).fract() - 0.5);
            for (value, grain) in pixel.iter_mut().zip([both + tinted, both, both - tinted]) {
                *value = (*value + grain).clamp(0.0, 1.0);
            }
        }
    }
}
