//! The outline of a lesion.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A closed curve around the origin, as a radius per direction.
#[derive(Clone, Debug)]
pub struct Outline {
    radii: Vec<f32>,
    max_radius: f32,
}

/// Parameters of an outline's shape.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// Mean radius, in millimetres.
    pub radius: f32,
    /// Ratio of the long axis to the short axis, from 1.
    pub elongation: f32,
    /// Amplitude of the border's lobes, as a fraction of the radius.
    pub swing: f32,
    /// Approximate number of lobes.
    pub lobes: u32,
}

const DIRECTIONS: usize = 256;

impl Outline {
    /// A random outline of the given form.
    pub fn new(form: &Form, rng: &mut ChaCha8Rng) -> Self {
        let axis = rng.random_range(0.0..TAU);
        let waves: Vec<(f32, f32, f32)> = (2..=form.lobes.max(2) + 2)
            .map(|turns| {
                let favoured = 1.0 / (1.0 + turns.abs_diff(form.lobes) as f32);
                let height = form.swing * favoured * rng.random_range(0.5..1.0);
                (turns as f32, height, rng.random_range(0.0..TAU))
            })
            .collect();
        let radii: Vec<f32> = (0..DIRECTIONS)
            .map(|i| {
                let angle = TAU * i as f32 / DIRECTIONS as f32;
                let (sine, cosine) = (angle - axis).sin_cos();
                let long = form.elongation.sqrt();
                let ellipse = 1.0 / (cosine / long).hypot(sine * long);
                let swing: f32 = waves
                    .iter()
                    .map(|(turns, height, phase)| height * (turns * angle + phase).cos())
                    .sum();
                form.radius * ellipse * (1.0 + swing).max(0.3)
            })
            .collect();
        let max_radius = radii.iter().copied().fold(0.0, f32::max);
        Self { radii, max_radius }
    }

    /// The largest radius, in millimetres.
    pub fn max_radius(&self) -> f32 {
        self.max_radius
    }

    /// The radius in the direction of a point, in millimetres.
    pub fn radius_towards(&self, [x, y]: [f32; 2]) -> f32 {
        let position = (y.atan2(x) / TAU + 1.0) * DIRECTIONS as f32;
        let below = position as usize;
        let (a, b) = (
            self.radii[below % DIRECTIONS],
            self.radii[(below + 1) % DIRECTIONS],
        );
        a + (b - a) * (position - below as f32)
    }
}
