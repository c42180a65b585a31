//! What gets in the way of the lesion: hairs, rulers, bubbles of the gel, the dermatoscope's dark rim.
//! None of it knows the diagnosis.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Stencil};
use super::noise::step;

/// What one photograph has of them. Lengths and places are shares of the photograph's width.
#[derive(Clone, Debug, PartialEq)]
pub struct Artefacts {
    hairs: Vec<Hair>,
    hair_colour: [f32; 3],
    ruler: Option<Ruler>,
    bubbles: Vec<Bubble>,
    rim: Option<Rim>,
}

#[derive(Clone, Debug, PartialEq)]
struct Hair {
    points: Vec<[f32; 2]>,
    thickness: f32,
}

#[derive(Clone, Debug, PartialEq)]
struct Ruler {
    /// Along the bottom, the top, the left or the right side.
    side: u8,
    margin: f32,
    spacing: f32,
    colour: [f32; 3],
}

#[derive(Clone, Debug, PartialEq)]
struct Bubble {
    middle: [f32; 2],
    radius: f32,
}

#[derive(Clone, Debug, PartialEq)]
struct Rim {
    middle: [f32; 2],
    radius: f32,
    soft: f32,
}

/// Which kinds a photograph shall have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// A few hairs, or many.
    pub hair: bool,
    /// Tick marks along one side.
    pub ruler: bool,
    /// Bubbles in the gel between skin and glass.
    pub bubbles: bool,
    /// The round dark rim of the dermatoscope's field.
    pub rim: bool,
}

impl Artefacts {
    /// Random ones of the given kinds for a photograph whose height is `aspect` times its width.
    pub fn of(kinds: Kinds, aspect: f32, rng: &mut ChaCha8Rng) -> Self {
        let combed = rng.random_range(0.0..TAU);
        let dark = rng.random_range(0.08..0.4);
        let hairs = if kinds.hair {
            rng.random_range(1..20)
        } else {
            0
        };
        let bubbles = if kinds.bubbles {
            rng.random_range(2..14)
        } else {
            0
        };
        Self {
            hairs: (0..hairs).map(|_| hair(combed, aspect, rng)).collect(),
            hair_colour: hair_colour(dark),
            ruler: kinds.ruler.then(|| Ruler::new(rng)),
            bubbles: (0..bubbles).map(|_| bubble(aspect, rng)).collect(),
            rim: kinds.rim.then(|| Rim::new(aspect, rng)),
        }
    }

    /// Random ones for a photograph whose height is `aspect` times its width.
    pub fn new(aspect: f32, rng: &mut ChaCha8Rng) -> Self {
        let many = rng.random_range(0.0..1.0);
        let hairs = match many {
            0.0..0.5 => 0,
            0.5..0.85 => rng.random_range(1..8),
            _ => rng.random_range(8..28),
        };
        let combed = rng.random_range(0.0..TAU);
        let dark = rng.random_range(0.08..0.4);
        Self {
            hairs: (0..hairs).map(|_| hair(combed, aspect, rng)).collect(),
            hair_colour: hair_colour(dark),
            ruler: rng.random_bool(0.15).then(|| Ruler::new(rng)),
            bubbles: if rng.random_bool(0.2) {
                let number = rng.random_range(2..14);
                (0..number).map(|_| bubble(aspect, rng)).collect()
            } else {
                Vec::new()
            },
            rim: rng.random_bool(0.3).then(|| Rim::new(aspect, rng)),
        }
    }

    /// Lays them over a photograph.
    pub fn lay(&self, stencil: &mut Stencil, photograph: &mut Canvas<[f32; 3]>) {
        let width = photograph.width as f32;
        for hair in &self.hairs {
            let points: Vec<_> = hair.points.iter().map(|p| p.map(|c| c * width)).collect();
            let thickness = hair.thickness * width;
            stencil.stroke(&points, thickness, 0.6 * thickness);
        }
        stencil.lay(photograph, |pixel, share| {
            mix(pixel, self.hair_colour, 0.85 * share);
        });
        for bubble in &self.bubbles {
            let radius = bubble.radius * width;
            let middle = bubble.middle.map(|c| c * width);
            stencil.ring(middle, radius, (0.25 * radius).max(1.5));
            let glint = [middle[0] - 0.45 * radius, middle[1] - 0.45 * radius];
            stencil.ellipse(glint, [0.2 * radius; 2], 0.0, 0.2 * radius);
        }
        stencil.lay(photograph, |pixel, share| {
            mix(pixel, [0.97, 0.96, 0.95], 0.45 * share);
        });
        if let Some(ruler) = &self.ruler {
            ruler.lay(stencil, photograph);
        }
        if let Some(rim) = &self.rim {
            rim.lay(photograph);
        }
    }
}

impl Ruler {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        Self {
            side: rng.random_range(0..4),
            margin: rng.random_range(0.01..0.05),
            spacing: rng.random_range(0.06..0.08),
            colour: [rng.random_range(0.05..0.25); 3],
        }
    }

    fn lay(&self, stencil: &mut Stencil, photograph: &mut Canvas<[f32; 3]>) {
        let (width, height) = (photograph.width as f32, photograph.height as f32);
        let along = if self.side < 2 { width } else { height };
        let place = |t: f32, off: f32| match self.side {
            0 => [t, height - off],
            1 => [t, off],
            2 => [off, t],
            _ => [width - off, t],
        };
        let (margin, spacing) = (self.margin * width, self.spacing * width);
        let line = 0.0035 * width;
        stencil.stroke(&[place(0.0, margin), place(along, margin)], line, line);
        for tick in 0..(along / spacing) as usize {
            let t = (tick as f32 + 0.5) * spacing;
            let length = if tick % 5 == 0 { 0.045 } else { 0.025 } * width;
            stencil.stroke(&[place(t, margin), place(t, margin + length)], line, line);
        }
        stencil.lay(photograph, |pixel, share| {
            mix(pixel, self.colour, 0.9 * share);
        });
    }
}

impl Rim {
    fn new(aspect: f32, rng: &mut ChaCha8Rng) -> Self {
        Self {
            middle: [
                0.5 + rng.random_range(-0.05..0.05),
                aspect * (0.5 + rng.random_range(-0.05..0.05)),
            ],
            radius: rng.random_range(0.48..0.62),
            soft: rng.random_range(0.01..0.05),
        }
    }

    fn lay(&self, photograph: &mut Canvas<[f32; 3]>) {
        let width = photograph.width;
        let (radius, soft) = (self.radius * width as f32, self.soft * width as f32);
        let [x, y] = self.middle.map(|c| c * width as f32);
        for (row, pixels) in photograph.pixels.chunks_exact_mut(width).enumerate() {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let (dx, dy) = (column as f32 - x, row as f32 - y);
                let squared = dx * dx + dy * dy;
                if squared > (radius - soft) * (radius - soft) {
                    let dark = step(radius - soft, radius + soft, squared.sqrt());
                    mix(pixel, [0.04, 0.03, 0.04], dark);
                }
            }
        }
    }
}

/// Dark hair is browner than it is grey.
fn hair_colour(dark: f32) -> [f32; 3] {
    [1.15 * dark, 0.85 * dark, 0.7 * dark]
}

/// A curved hair that lies roughly in the direction in which all are combed.
fn hair(combed: f32, aspect: f32, rng: &mut ChaCha8Rng) -> Hair {
    let pieces = 12;
    let length = rng.random_range(0.15..0.6);
    let bend = rng.random_range(-1.5..1.5) / pieces as f32;
    let mut angle: f32 = combed + rng.random_range(-0.9..0.9);
    let mut point = [
        rng.random_range(-0.1..1.1),
        aspect * rng.random_range(-0.1..1.1),
    ];
    let mut points = vec![point];
    for _ in 0..pieces {
        angle += bend + rng.random_range(-0.06..0.06);
        point[0] += length / pieces as f32 * angle.cos();
        point[1] += length / pieces as f32 * angle.sin();
        points.push(point);
    }
    Hair {
        points,
        thickness: rng.random_range(0.0016..0.0045),
    }
}

fn bubble(aspect: f32, rng: &mut ChaCha8Rng) -> Bubble {
    Bubble {
        middle: [
            rng.random_range(0.0..1.0),
            aspect * rng.random_range(0.0..1.0),
        ],
        radius: rng.random_range(0.006..0.03),
    }
}

fn mix(pixel: &mut [f32; 3], colour: [f32; 3], share: f32) {
    for (value, other) in pixel.iter_mut().zip(colour) {
        *value += share * (other - *value);
    }
}
