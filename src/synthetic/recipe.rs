//! The appearance of each diagnosis, exaggerated: ranges of a lesion's size, border, colours and patterns. The ranges
//! overlap on purpose: no single parameter determines the class.
//!
//! The features are those of textbooks: <https://dermoscopedia.org> has photographs of each.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::diagnosis::Diagnosis;
use super::outline::Form;
use super::tissue::Tissue;

/// The parameters of a lesion. Lengths are in millimetres; strengths and area fractions are in 0–1.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// Shape of the outline.
    pub form: Form,
    /// Amplitude of fine irregularities of the border.
    pub ragged: f32,
    /// Width of the transition from the border to skin.
    pub soft: f32,
    /// What the lesion adds to skin.
    pub base: Tissue,
    /// Strength of the variation of the pigment.
    pub mottle: f32,
    /// Size of the variation's patches.
    pub mottle_size: f32,
    /// Asymmetry of the pigment: how much more of it one side has.
    pub lopsided: f32,
    /// Strength of the pigment network.
    pub network: f32,
    /// Width of the pigment network's meshes.
    pub mesh: f32,
    /// Strength of lacunae (blood-filled lakes).
    pub lacunae: f32,
    /// Width of a lacuna.
    pub lacuna: f32,
    /// Strength of winding, brain-like ridges.
    pub ridges: f32,
    /// Area fraction of blue-white veil.
    pub veil: f32,
    /// Area fraction of white scar.
    pub scar: f32,
    /// Area fraction of red patches.
    pub red: f32,
    /// Area fraction of scale.
    pub scale: f32,
    /// Strength of the pale centre.
    pub pale_centre: f32,
    /// Strength of the depigmentation inside the rim.
    pub rim: f32,
    /// Number of small structures of each kind.
    pub marks: Vec<(MarkKind, usize)>,
}

/// Kinds of small structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Milia-like cyst: a white pearl.
    Cyst,
    /// Comedo-like opening: a dark plug.
    Plug,
    /// Brown globule.
    Globule,
    /// Blue-grey ovoid nest.
    Nest,
    /// Branching (arborizing) vessel.
    Tree,
    /// Dotted vessel.
    Dot,
    /// Dark streak at the rim, pointing outwards.
    Streak,
    /// Small crust or ulcer.
    Crust,
    /// Shiny white line.
    Line,
}

impl Recipe {
    /// A random recipe for a lesion of this diagnosis.
    pub fn new(diagnosis: Diagnosis, rng: &mut ChaCha8Rng) -> Self {
        match diagnosis {
            Diagnosis::Akiec => keratosis_actinic(rng),
            Diagnosis::Bcc => carcinoma(rng),
            Diagnosis::Bkl => keratosis_benign(rng),
            Diagnosis::Df => dermatofibroma(rng),
            Diagnosis::Mel => melanoma(rng),
            Diagnosis::Nv => nevus(rng),
            Diagnosis::Vasc => angioma(rng),
        }
    }
}

/// Red, rough and scaly, without a clear border.
fn keratosis_actinic(rng: &mut ChaCha8Rng) -> Recipe {
    Recipe {
        form: form(rng, 2.4..4.4, 1.0..1.6, 0.08..0.24, 3..7),
        ragged: within(rng, 0.3..0.8),
        soft: within(rng, 0.6..1.3),
        base: Tissue {
            melanin: within(rng, 0.0..0.35),
            blood: within(rng, 0.3..0.75),
            keratin: within(rng, 0.05..0.35),
            ..Tissue::default()
        },
        mottle: within(rng, 0.3..0.7),
        mottle_size: within(rng, 0.6..1.2),
        red: within(rng, 0.2..0.5),
        scale: within(rng, 0.18..0.45),
        marks: vec![
            (MarkKind::Dot, count(rng, 0.6, 10..50)),
            (MarkKind::Crust, count(rng, 0.4, 1..4)),
        ],
        ..Recipe::default()
    }
}

/// Pink and translucent, with branching vessels and blue-grey nests.
fn carcinoma(rng: &mut ChaCha8Rng) -> Recipe {
    let nests = count(rng, 0.9, 3..10);
    let fewest_trees = if nests == 0 { 3 } else { 1 };
    Recipe {
        form: form(rng, 2.0..4.2, 1.0..1.5, 0.04..0.16, 2..5),
        ragged: within(rng, 0.1..0.35),
        soft: within(rng, 0.4..1.0),
        base: Tissue {
            melanin: within(rng, -0.05..0.2),
            blood: within(rng, 0.05..0.3),
            white: within(rng, 0.1..0.3),
            ..Tissue::default()
        },
        mottle: within(rng, 0.1..0.4),
        mottle_size: within(rng, 0.8..2.0),
        red: within(rng, 0.0..0.2),
        marks: vec![
            (MarkKind::Nest, nests),
            (MarkKind::Tree, count(rng, 0.9, fewest_trees..6)),
            (MarkKind::Crust, count(rng, 0.35, 1..3)),
            (MarkKind::Line, count(rng, 0.25, 1..5)),
        ],
        ..Recipe::default()
    }
}

/// Waxy brown as if stuck on, sharply bordered, with pearls, plugs and ridges.
fn keratosis_benign(rng: &mut ChaCha8Rng) -> Recipe {
    Recipe {
        form: form(rng, 1.9..4.2, 1.0..1.7, 0.06..0.2, 3..8),
        ragged: within(rng, 0.1..0.3),
        soft: within(rng, 0.06..0.22),
        base: Tissue {
            melanin: within(rng, 0.25..1.1),
            blood: within(rng, 0.0..0.2),
            keratin: within(rng, 0.3..0.9),
            ..Tissue::default()
        },
        mottle: within(rng, 0.15..0.5),
        mottle_size: within(rng, 0.8..1.8),
        ridges: maybe(rng, 0.6, 0.3..0.8),
        scale: maybe(rng, 0.2, 0.03..0.15),
        marks: vec![
            (MarkKind::Cyst, count(rng, 0.9, 5..26)),
            (MarkKind::Plug, count(rng, 0.65, 3..14)),
        ],
        ..Recipe::default()
    }
}

/// A white scar in the middle of a faint brown, pinkish disc.
fn dermatofibroma(rng: &mut ChaCha8Rng) -> Recipe {
    Recipe {
        form: form(rng, 1.7..3.2, 1.0..1.3, 0.02..0.08, 2..4),
        ragged: within(rng, 0.1..0.3),
        soft: within(rng, 0.6..1.2),
        base: Tissue {
            melanin: within(rng, 0.3..0.8),
            blood: within(rng, 0.05..0.4),
            ..Tissue::default()
        },
        mottle: within(rng, 0.1..0.3),
        mottle_size: within(rng, 0.7..1.5),
        network: within(rng, 0.2..0.6),
        mesh: within(rng, 0.35..0.55),
        pale_centre: within(rng, 0.45..0.9),
        rim: within(rng, 0.3..0.9),
        marks: vec![
            (MarkKind::Line, count(rng, 0.5, 2..8)),
            (MarkKind::Dot, count(rng, 0.2, 4..15)),
        ],
        ..Recipe::default()
    }
}

/// Large, irregular, lopsided, of several colours: black, brown, blue, white, red.
fn melanoma(rng: &mut ChaCha8Rng) -> Recipe {
    let veil = maybe(rng, 0.8, 0.1..0.35);
    Recipe {
        form: form(rng, 2.3..4.3, 1.0..1.6, 0.09..0.26, 3..7),
        ragged: within(rng, 0.2..0.6),
        soft: within(rng, 0.15..0.6),
        base: Tissue {
            melanin: within(rng, 0.9..2.0),
            blood: within(rng, 0.0..0.4),
            ..Tissue::default()
        },
        mottle: within(rng, 0.45..0.95),
        mottle_size: within(rng, 0.9..2.0),
        lopsided: within(rng, 0.15..0.7),
        network: maybe(rng, 0.5, 0.2..0.6),
        mesh: within(rng, 0.4..0.8),
        veil,
        scar: maybe(rng, if veil == 0.0 { 0.9 } else { 0.4 }, 0.08..0.25),
        red: maybe(rng, 0.4, 0.05..0.25),
        marks: vec![
            (MarkKind::Streak, count(rng, 0.6, 6..24)),
            (MarkKind::Globule, count(rng, 0.5, 5..25)),
        ],
        ..Recipe::default()
    }
}

/// Round, regular and brown, with a network, globules or homogeneous; 12 % are atypical.
fn nevus(rng: &mut ChaCha8Rng) -> Recipe {
    let atypical = rng.random_bool(0.12);
    let networked = rng.random_bool(0.7);
    Recipe {
        form: if atypical {
            form(rng, 2.2..3.6, 1.0..1.4, 0.06..0.16, 2..5)
        } else {
            form(rng, 1.4..3.2, 1.0..1.4, 0.01..0.07, 2..4)
        },
        ragged: within(rng, 0.05..0.25),
        soft: within(rng, 0.2..0.7),
        base: Tissue {
            melanin: within(rng, 0.55..1.5),
            blood: within(rng, 0.0..0.3),
            ..Tissue::default()
        },
        mottle: within(rng, if atypical { 0.2..0.5 } else { 0.05..0.3 }),
        mottle_size: within(rng, 0.8..1.6),
        lopsided: maybe(rng, 0.3, 0.0..0.25),
        network: if networked {
            within(rng, 0.25..0.75)
        } else {
            0.0
        },
        mesh: within(rng, 0.35..0.6),
        marks: vec![(
            MarkKind::Globule,
            count(rng, if networked { 0.2 } else { 0.6 }, 12..45),
        )],
        ..Recipe::default()
    }
}

/// Lacunae, from cherry red to purple and nearly black.
fn angioma(rng: &mut ChaCha8Rng) -> Recipe {
    let dark = rng.random_bool(0.3);
    Recipe {
        form: form(rng, 1.1..3.0, 1.0..1.4, 0.04..0.16, 3..7),
        ragged: within(rng, 0.05..0.2),
        soft: within(rng, 0.1..0.35),
        base: Tissue {
            melanin: if dark { within(rng, 0.3..1.1) } else { 0.0 },
            blood: within(rng, 1.0..2.0),
            veil: if dark { within(rng, 0.1..0.3) } else { 0.0 },
            ..Tissue::default()
        },
        mottle: within(rng, 0.1..0.35),
        mottle_size: within(rng, 0.7..1.5),
        lacunae: within(rng, 0.4..1.0),
        lacuna: within(rng, 0.5..1.0),
        ..Recipe::default()
    }
}

fn form(
    rng: &mut ChaCha8Rng,
    radius: Range<f32>,
    elongation: Range<f32>,
    swing: Range<f32>,
    lobes: Range<u32>,
) -> Form {
    Form {
        radius: within(rng, radius),
        elongation: within(rng, elongation),
        swing: within(rng, swing),
        lobes: rng.random_range(lobes),
    }
}

fn within(rng: &mut ChaCha8Rng, range: Range<f32>) -> f32 {
    rng.random_range(range)
}

/// A strength from `range` with this probability, else 0.
fn maybe(rng: &mut ChaCha8Rng, probability: f64, range: Range<f32>) -> f32 {
    let strength = within(rng, range);
    if rng.random_bool(probability) {
        strength
    } else {
        0.0
    }
}

/// A number of structures from `range` with this probability, else 0.
fn count(rng: &mut ChaCha8Rng, probability: f64, range: Range<usize>) -> usize {
    let number = rng.random_range(range);
    if rng.random_bool(probability) {
        number
    } else {
        0
    }
}
