//! A lesion, which is the same in all of its photographs.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::diagnosis::Diagnosis;
use super::marks::Marks;
use super::outline::Outline;
use super::recipe::Recipe;
use super::tissue::Tissue;
use crate::imaging::noise::{Noise, step};

/// A lesion, centred at the origin of a plane in millimetres.
#[derive(Clone, Debug)]
pub struct Lesion {
    recipe: Recipe,
    outline: Outline,
    dark_side: [f32; 2],
    border: Noise,
    mottle: Noise,
    patches: Noise,
    cells: Noise,
    flakes: Noise,
    /// Small structures that are drawn on top.
    pub marks: Vec<Marks>,
}

impl Lesion {
    /// A random lesion of this diagnosis.
    pub fn new(diagnosis: Diagnosis, rng: &mut ChaCha8Rng) -> Self {
        let recipe = Recipe::new(diagnosis, rng);
        let outline = Outline::new(&recipe.form, rng);
        let marks = (recipe.marks.iter())
            .map(|&(kind, count)| Marks::new(kind, count, &outline, rng))
            .collect();
        let angle: f32 = rng.random_range(0.0..std::f32::consts::TAU);
        Self {
            dark_side: [angle.cos(), angle.sin()],
            border: Noise::new(rng),
            mottle: Noise::new(rng),
            patches: Noise::new(rng),
            cells: Noise::new(rng),
            flakes: Noise::new(rng),
            recipe,
            outline,
            marks,
        }
    }

    /// An upper bound of the lesion's radius, in millimetres. Beyond it there is only skin.
    pub fn max_radius(&self) -> f32 {
        self.outline.max_radius() + self.recipe.soft + self.recipe.ragged
    }

    /// Adds the lesion to the tissue of the skin at a point.
    pub fn add_to(&self, [x, y]: [f32; 2], tissue: &mut Tissue) {
        let recipe = &self.recipe;
        let rim = self.outline.radius_towards([x, y]);
        let shift = recipe.ragged * self.border.rough([1.3 * x, 1.3 * y]);
        let depth = rim + shift - x.hypot(y);
        let coverage = step(-recipe.soft, recipe.soft, depth);
        if coverage <= 0.0 {
            return;
        }
        // 0 at the border, 1 at the centre.
        let inwards = (depth / rim).clamp(0.0, 1.0);

        let mottle = self.mottle.rough([x, y].map(|c| c / recipe.mottle_size));
        let [hx, hy] = self.dark_side;
        let side = recipe.lopsided * (x * hx + y * hy) / recipe.form.radius;
        let varied = (1.0 + 1.8 * recipe.mottle * mottle + side).max(0.05);
        let mut new = recipe.base;
        new.melanin *= varied * self.network_factor([x, y]);
        new.blood *= (1.0 + recipe.mottle * mottle).max(0.0);
        if recipe.rim > 0.0 {
            new.melanin *= 1.0 - recipe.rim * step(0.3, 0.75, inwards);
        }
        if recipe.lacunae > 0.0 {
            let lake = self.cells.cell([x, y].map(|c| c / recipe.lacuna), 0.9);
            let full = step(-0.1, 0.4, lake.wall) * (0.6 + 0.8 * lake.value);
            new.blood *= 1.0 - 0.7 * recipe.lacunae * (1.0 - 1.4 * full);
        }
        if recipe.ridges > 0.0 {
            let furrow = 1.0 - 3.5 * self.cells.rough([1.3 * x, 1.3 * y]).abs();
            new.melanin *= 1.0 + recipe.ridges * furrow.max(-0.7);
        }
        self.add_surface([x, y], inwards, &mut new);
        tissue.add(&new, coverage);
    }

    /// Factor of the pigment from the pigment network: dark lines around pale holes.
    fn network_factor(&self, point: [f32; 2]) -> f32 {
        if self.recipe.network == 0.0 {
            return 1.0;
        }
        let hole = self.cells.cell(point.map(|c| c / self.recipe.mesh), 0.9);
        let line = 1.0 - step(0.0, 0.5, hole.wall);
        // Cells differ: some lines are faint, some holes nearly filled.
        let strength = self.recipe.network * (0.55 + 0.9 * hole.value);
        1.0 + strength * (1.5 * line - 0.7)
    }

    /// Adds the structures above the pigment: red patches, veil, scar, scale, a pale centre.
    fn add_surface(&self, [x, y]: [f32; 2], inwards: f32, new: &mut Tissue) {
        let recipe = &self.recipe;
        if recipe.veil + recipe.scar + recipe.red > 0.0 {
            // One low-frequency noise: veil on its crests, scar in its troughs. Red patches follow a second one.
            let wave = self.patches.at([0.45 * x, 0.45 * y]);
            let cross = self.patches.at([0.5 * x + 31.7, 0.5 * y - 12.4]);
            let within = step(0.02, 0.2, inwards);
            let thick = within * (0.7 + 0.3 * self.flakes.at([1.1 * x, 1.1 * y]));
            new.veil += 0.75 * thick * patch(wave, recipe.veil);
            new.white += 0.55 * thick * patch(-wave, recipe.scar);
            new.blood += 0.9 * patch(cross, recipe.red);
        }
        if recipe.scale > 0.0 {
            let fine = self.flakes.rough([2.6 * x, 2.6 * y]);
            let flake = patch(fine, recipe.scale);
            new.white += 0.55 * flake;
            new.keratin += 0.15 * flake;
        }
        if recipe.pale_centre > 0.0 {
            let star = 0.2 * self.flakes.rough([1.6 * x, 1.6 * y]);
            new.white += recipe.pale_centre * step(0.3, 0.85, inwards + star);
        }
        new.veil = new.veil.min(0.9);
        new.white = new.white.min(0.9);
    }
}

/// Soft threshold of a noise: about 1 on the fraction `share` of the area with the highest values, 0 elsewhere.
fn patch(noise: f32, share: f32) -> f32 {
    // Value noise is densest around 0. This maps a fraction of the area to the threshold above which it lies.
    let threshold = 0.75 * (1.0 - 2.0 * share);
    if share == 0.0 {
        0.0
    } else {
        step(threshold - 0.25, threshold + 0.25, noise)
    }
}
