//! Small structures of a lesion: cysts, plugs, globules, dots, nests, vessels, streaks, crusts, lines.

use std::f32::consts::{PI, TAU};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::outline::Outline;
use super::recipe::MarkKind;
use super::tissue::Tissue;
use super::view::View;
use crate::imaging::canvas::{Canvas, Stencil};

/// All structures of one kind in a lesion; lengths are in millimetres.
#[derive(Clone, Debug)]
pub struct Marks {
    substance: Tissue,
    shapes: Vec<Shape>,
}

#[derive(Clone, Debug)]
enum Shape {
    Ellipse {
        middle: [f32; 2],
        radii: [f32; 2],
        angle: f32,
        soft: f32,
    },
    Stroke {
        points: Vec<[f32; 2]>,
        from: f32,
        to: f32,
    },
}

impl Marks {
    /// `count` structures of one kind at random positions in a lesion.
    pub fn new(kind: MarkKind, count: usize, outline: &Outline, rng: &mut ChaCha8Rng) -> Self {
        let mut shapes = Vec::new();
        for _ in 0..count {
            let inside = |rng: &mut ChaCha8Rng, max: f32| {
                let angle = rng.random_range(0.0..TAU);
                let fraction = max * rng.random_range(0.0_f32..1.0).sqrt();
                let [x, y] = [angle.cos(), angle.sin()];
                let radius = fraction * outline.radius_towards([x, y]);
                [radius * x, radius * y]
            };
            match kind {
                MarkKind::Cyst => shapes.push(spot(inside(rng, 0.9), 0.09..0.24, 0.12, rng)),
                MarkKind::Plug => shapes.push(spot(inside(rng, 0.9), 0.10..0.26, 0.10, rng)),
                MarkKind::Globule => shapes.push(spot(inside(rng, 0.95), 0.09..0.22, 0.08, rng)),
                MarkKind::Dot => shapes.push(spot(inside(rng, 0.95), 0.05..0.11, 0.05, rng)),
                MarkKind::Nest => shapes.push(spot(inside(rng, 0.85), 0.22..0.65, 0.45, rng)),
                MarkKind::Crust => shapes.push(spot(inside(rng, 0.7), 0.2..0.5, 0.12, rng)),
                MarkKind::Line => shapes.push(straight(inside(rng, 0.5), rng)),
                MarkKind::Streak => shapes.push(streak(outline, rng)),
                MarkKind::Tree => {
                    let angle = rng.random_range(0.0..TAU);
                    let reach = 0.95 * outline.radius_towards([angle.cos(), angle.sin()]);
                    let root = [reach * angle.cos(), reach * angle.sin()];
                    let length = reach * rng.random_range(0.9..1.5);
                    vessel(root, angle + PI, length, 0.15, &mut shapes, rng);
                }
            }
        }
        Self {
            substance: substance(kind),
            shapes,
        }
    }

    /// Draws the structures into a picture of tissue, as seen from `view`.
    pub fn paint(&self, view: &View, stencil: &mut Stencil, tissue: &mut Canvas<Tissue>) {
        let scale = view.scale;
        for shape in &self.shapes {
            match shape {
                Shape::Ellipse {
                    middle,
                    radii,
                    angle,
                    soft,
                } => stencil.ellipse(
                    view.to_picture(*middle),
                    radii.map(|radius| radius * scale),
                    view.to_picture_angle(*angle),
                    soft * scale,
                ),
                Shape::Stroke { points, from, to } => {
                    let points: Vec<_> = points.iter().map(|p| view.to_picture(*p)).collect();
                    stencil.stroke(&points, from * scale, to * scale);
                }
            }
        }
        stencil.paint(tissue, |tissue, coverage| {
            tissue.add(&self.substance, coverage)
        });
    }
}

/// What a structure adds to the tissue.
fn substance(kind: MarkKind) -> Tissue {
    let mut tissue = Tissue::default();
    match kind {
        MarkKind::Cyst => tissue.white = 0.75,
        MarkKind::Plug => (tissue.melanin, tissue.keratin) = (1.3, 0.4),
        MarkKind::Globule => tissue.melanin = 0.9,
        MarkKind::Nest => (tissue.veil, tissue.melanin) = (0.75, 0.25),
        MarkKind::Tree => (tissue.blood, tissue.melanin) = (1.1, 0.1),
        MarkKind::Dot => tissue.blood = 1.0,
        MarkKind::Streak => tissue.melanin = 0.9,
        MarkKind::Crust => (tissue.melanin, tissue.blood, tissue.keratin) = (0.8, 0.9, 0.3),
        MarkKind::Line => tissue.white = 0.3,
    }
    tissue
}

fn spot(middle: [f32; 2], radius: std::ops::Range<f32>, soft: f32, rng: &mut ChaCha8Rng) -> Shape {
    let radius = rng.random_range(radius);
    let stretch = rng.random_range(1.0_f32..1.5).sqrt();
    Shape::Ellipse {
        middle,
        radii: [radius * stretch, radius / stretch],
        angle: rng.random_range(0.0..TAU),
        soft,
    }
}

fn straight([x, y]: [f32; 2], rng: &mut ChaCha8Rng) -> Shape {
    let angle = rng.random_range(0.0..TAU);
    let half = rng.random_range(0.3..0.9);
    let [dx, dy] = [half * angle.cos(), half * angle.sin()];
    Shape::Stroke {
        points: vec![[x - dx, y - dy], [x + dx, y + dy]],
        from: 0.14,
        to: 0.10,
    }
}

fn streak(outline: &Outline, rng: &mut ChaCha8Rng) -> Shape {
    let angle: f32 = rng.random_range(0.0..TAU);
    let towards = [angle.cos(), angle.sin()];
    let rim = outline.radius_towards(towards);
    let (from, to) = (
        rim * rng.random_range(0.7..0.85),
        rim + rng.random_range(-0.1..0.3),
    );
    Shape::Stroke {
        points: vec![towards.map(|c| from * c), towards.map(|c| to * c)],
        from: rng.random_range(0.2..0.4),
        to: 0.04,
    }
}

/// A vessel that winds, tapers and branches.
fn vessel(
    root: [f32; 2],
    towards: f32,
    length: f32,
    thickness: f32,
    shapes: &mut Vec<Shape>,
    rng: &mut ChaCha8Rng,
) {
    let steps = 8;
    let mut angle = towards;
    let mut points = vec![root];
    let [mut x, mut y] = root;
    for step in 1..=steps {
        angle += rng.random_range(-0.35..0.35);
        x += length / steps as f32 * angle.cos();
        y += length / steps as f32 * angle.sin();
        points.push([x, y]);
        let branches = step >= 2 && step < steps && thickness > 0.08;
        if branches && rng.random_bool(0.3) {
            let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
            let turn = side * rng.random_range(0.5..1.0);
            vessel(
                [x, y],
                angle + turn,
                0.5 * length,
                0.7 * thickness,
                shapes,
                rng,
            );
        }
    }
    shapes.push(Shape::Stroke {
        points,
        from: thickness,
        to: 0.4 * thickness,
    });
}
