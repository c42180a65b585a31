//! One lesion: the same in every photograph of it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::marks::Marks;
use super::outline::Outline;
use super::recipe::Recipe;
use super::tissue::Tissue;
use crate::Diagnosis;
use crate::imaging::noise::{Noise, step};

/// A lesion around the origin of its own plane, in millimetres.
#[derive(Clone, Debug)]
pub struct Lesion {
    recipe: Recipe,
    outline: Outline,
    heavy_side: [f32; 2],
    border: Noise,
    mottle: Noise,
    patches: Noise,
    cells: Noise,
    flakes: Noise,
    /// Its small structures, to be laid over the rest.
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
            heavy_side: [angle.cos(), angle.sin()],
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

    /// Beyond this distance from the origin there is only skin, in millimetres.
    pub fn reach(&self) -> f32 {
        self.outline.largest() + self.recipe.soft + self.recipe.ragged
    }

    /// Changes skin at a point into what the lesion makes of it.
    pub fn infiltrate(&self, [x, y]: [f32; 2], tissue: &mut Tissue) {
        let recipe = &self.recipe;
        let rim = self.outline.radius_towards([x, y]);
        let shift = recipe.ragged * self.border.rough([1.3 * x, 1.3 * y]);
        let depth = rim + shift - x.hypot(y);
        let share = step(-recipe.soft, recipe.soft, depth);
        if share <= 0.0 {
            return;
        }
        // 0 at the border, 1 in the middle.
        let inwards = (depth / rim).clamp(0.0, 1.0);

        let places = self.mottle.rough([x, y].map(|c| c / recipe.mottle_size));
        let [hx, hy] = self.heavy_side;
        let side = recipe.lopsided * (x * hx + y * hy) / recipe.form.radius;
        let varied = (1.0 + 1.8 * recipe.mottle * places + side).max(0.05);
        let mut new = recipe.base;
        new.melanin *= varied * self.mesh([x, y]);
        new.blood *= (1.0 + recipe.mottle * places).max(0.0);
        if recipe.rim > 0.0 {
            new.melanin *= 1.0 - recipe.rim * step(0.3, 0.75, inwards);
        }
        if recipe.lacunae > 0.0 {
            let lake = self.cells.cell([x, y].map(|c| c / recipe.lacuna), 0.9);
            let full = step(-0.1, 0.4, lake.wall) * (0.6 + 0.8 * lake.own);
            new.blood *= 1.0 - 0.7 * recipe.lacunae * (1.0 - 1.4 * full);
        }
        if recipe.ridges > 0.0 {
            let furrow = 1.0 - 3.5 * self.cells.rough([1.3 * x, 1.3 * y]).abs();
            new.melanin *= 1.0 + recipe.ridges * furrow.max(-0.7);
        }
        self.cover([x, y], inwards, &mut new);
        tissue.add(&new, share);
    }

    /// Factor on the pigment from the network: dark lines around pale holes.
    fn mesh(&self, point: [f32; 2]) -> f32 {
        if self.recipe.network == 0.0 {
            return 1.0;
        }
        let hole = self.cells.cell(point.map(|c| c / self.recipe.mesh), 0.9);
        let line = 1.0 - step(0.0, 0.5, hole.wall);
        // Meshes are not all alike: some lines are faint, some holes nearly filled.
        let strength = self.recipe.network * (0.55 + 0.9 * hole.own);
        1.0 + strength * (1.5 * line - 0.7)
    }

    /// What lies over the pigment: red patches, veil, scar, scale, a pale centre.
    fn cover(&self, [x, y]: [f32; 2], inwards: f32, new: &mut Tissue) {
        let recipe = &self.recipe;
        if recipe.veil + recipe.scar + recipe.red > 0.0 {
            // One slow wave: blue on its crests, white in its troughs, red between them on another.
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

/// 1 on the highest `share` of a noise's range, roughly, falling softly to 0 around it.
fn patch(noise: f32, share: f32) -> f32 {
    // Value noise is densest around 0; this maps a share of area to the height above which it lies.
    let height = 0.75 * (1.0 - 2.0 * share);
    if share == 0.0 {
        0.0
    } else {
        step(height - 0.25, height + 0.25, noise)
    }
}
