//! The outline of a lesion.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A closed curve around the origin, given by its radius in every direction.
#[derive(Clone, Debug)]
pub struct Outline {
    radii: Vec<f32>,
    largest: f32,
}

/// How an outline departs from a circle.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// Mean radius, in millimetres.
    pub radius: f32,
    /// Long axis over short axis, from 1.
    pub elongation: f32,
    /// How far the border swings in and out, as a share of the radius.
    pub swing: f32,
    /// CheckpointMetadata how many times it does so in one turn.
    pub lobes: u32,
}

const DIRECTIONS: usize = 256;

impl Outline {
    /// A random outline of a given form.
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
        let largest = radii.iter().copied().fold(0.0, f32::max);
        Self { radii, largest }
    }

    /// The largest radius, in millimetres.
    pub fn largest(&self) -> f32 {
        self.largest
    }

    /// The radius towards a point, in millimetres.
    pub fn radius_towards(&self, [x, y]: [f32; 2]) -> f32 {
        let place = (y.atan2(x) / TAU + 1.0) * DIRECTIONS as f32;
        let below = place as usize;
        let (a, b) = (
            self.radii[below % DIRECTIONS],
            self.radii[(below + 1) % DIRECTIONS],
        );
        a + (b - a) * (place - below as f32)
    }
}
