//! Occlusion augmentation: hairs, a ruler, bubbles, the dark rim of the field of view, ink, random erasing.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::photograph::Photograph;
use crate::imaging::artefacts::{Artefacts, Kinds};
use crate::imaging::canvas::Stencil;
use crate::training::config::Augment;

/// Colours of skin markers: violet, blue, black.
const INKS: [[f32; 3]; 3] = [[0.32, 0.15, 0.45], [0.15, 0.22, 0.5], [0.12, 0.1, 0.12]];

/// The occlusions of one photograph. Lengths and positions are fractions of its side.
pub struct Occlusions {
    artefacts: Option<Artefacts>,
    ink: Option<Ink>,
    erased: Option<Erased>,
}

struct Ink {
    points: Vec<[f32; 2]>,
    thickness: f32,
    colour: [f32; 3],
}

struct Erased {
    corner: [f32; 2],
    size: [f32; 2],
}

impl Occlusions {
    /// Random occlusions with the configured probabilities.
    pub fn random(by: &Augment, random: &mut ChaCha8Rng) -> Self {
        let mut has = |probability: f64| random.random_bool(probability);
        let kinds = Kinds {
            hair: has(by.hair),
            ruler: has(by.ruler),
            bubbles: has(by.bubbles),
            rim: has(by.border),
        };
        let (ink, erased) = (has(by.ink), has(by.erase));
        Self {
            artefacts: (kinds != Kinds::default()).then(|| Artefacts::of(kinds, 1.0, random)),
            ink: ink.then(|| Ink::random(random)),
            erased: erased.then(|| Erased::random(random)),
        }
    }

    /// Draws the occlusions over a photograph.
    pub fn apply(&self, photograph: &mut Photograph) {
        if self.artefacts.is_some() || self.ink.is_some() {
            let mut stencil = Stencil::new(photograph.width, photograph.height);
            if let Some(ink) = &self.ink {
                ink.paint(&mut stencil, photograph);
            }
            if let Some(artefacts) = &self.artefacts {
                artefacts.paint(&mut stencil, photograph);
            }
        }
        if let Some(erased) = &self.erased {
            erased.apply(photograph);
        }
    }
}

impl Ink {
    /// A random arc near a border: surgeons draw around a lesion, not over it.
    fn random(random: &mut ChaCha8Rng) -> Self {
        let radius: f32 = random.random_range(0.35..0.55);
        let from: f32 = random.random_range(0.0..std::f32::consts::TAU);
        let length: f32 = random.random_range(0.3..1.5);
        let point = |piece: u8| {
            let angle = from + length * f32::from(piece) / 8.0;
            [0.5 + radius * angle.cos(), 0.5 + radius * angle.sin()]
        };
        Self {
            points: (0..=8).map(point).collect(),
            thickness: random.random_range(0.015..0.05),
            colour: INKS[random.random_range(0..INKS.len())],
        }
    }

    fn paint(&self, stencil: &mut Stencil, photograph: &mut Photograph) {
        let side = photograph.width as f32;
        let points: Vec<_> = (self.points.iter().map(|p| p.map(|c| c * side))).collect();
        let thickness = self.thickness * side;
        stencil.stroke(&points, thickness, thickness);
        stencil.paint(photograph, |pixel, coverage| {
            for (value, ink) in pixel.iter_mut().zip(self.colour) {
                *value += 0.75 * coverage * (ink - *value);
            }
        });
    }
}

impl Erased {
    /// A random rectangle of 2 to 15 % of the area (random erasing, Zhong et al. 2020).
    fn random(random: &mut ChaCha8Rng) -> Self {
        let area: f32 = random.random_range(0.02..0.15);
        let shape: f32 = random.random_range(-0.7_f32..0.7).exp();
        let size = [(area * shape).sqrt(), (area / shape).sqrt()];
        Self {
            corner: size.map(|length| random.random_range(0.0..1.0 - length)),
            size,
        }
    }

    /// Fills the rectangle with the photograph's mean colour.
    fn apply(&self, photograph: &mut Photograph) {
        let count = photograph.pixels.len() as f32;
        let mean: [f32; 3] =
            std::array::from_fn(|i| photograph.pixels.iter().map(|p| p[i]).sum::<f32>() / count);
        let side = photograph.width;
        let range = |axis: usize| {
            let pixel = |fraction: f32| ((fraction * side as f32) as usize).min(side);
            pixel(self.corner[axis])..pixel(self.corner[axis] + self.size[axis])
        };
        for row in range(1) {
            let columns = range(0);
            photograph.pixels[row * side + columns.start..row * side + columns.end].fill(mean);
        }
    }
}
