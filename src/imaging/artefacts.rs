//! Image artefacts over a lesion: hairs, rulers, gel bubbles, the dermatoscope's dark rim. They do not depend on the
//! diagnosis.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Stencil};
use super::noise::step;

/// The artefacts of one photograph. Lengths and positions are fractions of its width.
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
    /// The side that it runs along: 0 bottom, 1 top, 2 left, 3 right.
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

/// Kinds of artefacts that a photograph has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Hairs, 1 to 19.
    pub hair: bool,
    /// Tick marks along one side.
    pub ruler: bool,
    /// Bubbles in the gel between skin and glass.
    pub bubbles: bool,
    /// The round dark rim of the dermatoscope's field of view.
    pub rim: bool,
}

impl Artefacts {
    /// Random artefacts of the given kinds, for a photograph whose height is `aspect` times its width.
    pub fn of(kinds: Kinds, aspect: f32, rng: &mut ChaCha8Rng) -> Self {
        let direction = rng.random_range(0.0..TAU);
        let brightness = rng.random_range(0.08..0.4);
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
            hairs: (0..hairs).map(|_| hair(direction, aspect, rng)).collect(),
            hair_colour: hair_colour(brightness),
            ruler: kinds.ruler.then(|| Ruler::new(rng)),
            bubbles: (0..bubbles).map(|_| bubble(aspect, rng)).collect(),
            rim: kinds.rim.then(|| Rim::new(aspect, rng)),
        }
    }

    /// Random artefacts of random kinds, for a photograph whose height is `aspect` times its width.
    pub fn new(aspect: f32, rng: &mut ChaCha8Rng) -> Self {
        let amount = rng.random_range(0.0..1.0);
        let hairs = match amount {
            0.0..0.5 => 0,
            0.5..0.85 => rng.random_range(1..8),
            _ => rng.random_range(8..28),
        };
        let direction = rng.random_range(0.0..TAU);
        let brightness = rng.random_range(0.08..0.4);
        Self {
            hairs: (0..hairs).map(|_| hair(direction, aspect, rng)).collect(),
            hair_colour: hair_colour(brightness),
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

    /// Draws the artefacts over a photograph.
    pub fn paint(&self, stencil: &mut Stencil, photograph: &mut Canvas<[f32; 3]>) {
        let width = photograph.width as f32;
        for hair in &self.hairs {
            let points: Vec<_> = hair.points.iter().map(|p| p.map(|c| c * width)).collect();
            let thickness = hair.thickness * width;
            stencil.stroke(&points, thickness, 0.6 * thickness);
        }
        stencil.paint(photograph, |pixel, coverage| {
            mix(pixel, self.hair_colour, 0.85 * coverage);
        });
        for bubble in &self.bubbles {
            let radius = bubble.radius * width;
            let middle = bubble.middle.map(|c| c * width);
            stencil.ring(middle, radius, (0.25 * radius).max(1.5));
            let glint = [middle[0] - 0.45 * radius, middle[1] - 0.45 * radius];
            stencil.ellipse(glint, [0.2 * radius; 2], 0.0, 0.2 * radius);
        }
        stencil.paint(photograph, |pixel, coverage| {
            mix(pixel, [0.97, 0.96, 0.95], 0.45 * coverage);
        });
        if let Some(ruler) = &self.ruler {
            ruler.paint(stencil, photograph);
        }
        if let Some(rim) = &self.rim {
            rim.paint(photograph);
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

    fn paint(&self, stencil: &mut Stencil, photograph: &mut Canvas<[f32; 3]>) {
        let (width, height) = (photograph.width as f32, photograph.height as f32);
        let along = if self.side < 2 { width } else { height };
        let point = |t: f32, off: f32| match self.side {
            0 => [t, height - off],
            1 => [t, off],
            2 => [off, t],
            _ => [width - off, t],
        };
        let (margin, spacing) = (self.margin * width, self.spacing * width);
        let line = 0.0035 * width;
        stencil.stroke(&[point(0.0, margin), point(along, margin)], line, line);
        for tick in 0..(along / spacing) as usize {
            let t = (tick as f32 + 0.5) * spacing;
            let length = if tick % 5 == 0 { 0.045 } else { 0.025 } * width;
            stencil.stroke(&[point(t, margin), point(t, margin + length)], line, line);
        }
        stencil.paint(photograph, |pixel, coverage| {
            mix(pixel, self.colour, 0.9 * coverage);
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

    fn paint(&self, photograph: &mut Canvas<[f32; 3]>) {
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

/// A brown of the given brightness.
fn hair_colour(brightness: f32) -> [f32; 3] {
    [1.15 * brightness, 0.85 * brightness, 0.7 * brightness]
}

/// A random curved hair, roughly in the common direction of all hairs.
fn hair(direction: f32, aspect: f32, rng: &mut ChaCha8Rng) -> Hair {
    let pieces = 12;
    let length = rng.random_range(0.15..0.6);
    let bend = rng.random_range(-1.5..1.5) / pieces as f32;
    let mut angle: f32 = direction + rng.random_range(-0.9..0.9);
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

fn mix(pixel: &mut [f32; 3], colour: [f32; 3], weight: f32) {
    for (value, other) in pixel.iter_mut().zip(colour) {
        *value += weight * (other - *value);
    }
}
