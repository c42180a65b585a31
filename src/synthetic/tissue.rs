//! A model of skin: its components, and the colour that follows from them.

/// The components of skin at a point. All are absorptions of 0 or more, except `veil` and `white`, which are opacities
/// in 0–1 over the layers below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tissue {
    /// Brown pigment: skin has about 0.1, a nevus 1, a black blotch 3.
    pub melanin: f32,
    /// Haemoglobin: skin has about 0.25, an angioma 2.
    pub blood: f32,
    /// Keratin, waxy yellow.
    pub keratin: f32,
    /// Deep pigment, which appears blue-grey.
    pub veil: f32,
    /// Scale, scar and other white scatterers.
    pub white: f32,
}

/// Reflectance of unpigmented, bloodless skin in red, green and blue.
const DERMIS: [f32; 3] = [0.97, 0.87, 0.83];
// Absorption or colour of each component in red, green and blue, chosen by eye from real photographs.
const MELANIN: [f32; 3] = [0.45, 0.85, 1.15];
const BLOOD: [f32; 3] = [0.12, 0.78, 0.55];
const KERATIN: [f32; 3] = [0.08, 0.30, 0.95];
const VEIL: [f32; 3] = [0.40, 0.42, 0.52];
const WHITE: [f32; 3] = [0.95, 0.90, 0.87];

impl Tissue {
    /// Adds another tissue on top, with a weight in 0–1.
    pub fn add(&mut self, other: &Self, weight: f32) {
        self.melanin += weight * other.melanin;
        self.blood += weight * other.blood;
        self.keratin += weight * other.keratin;
        self.veil += (1.0 - self.veil) * weight * other.veil;
        // The upper tissue also hides the white below it.
        self.white += weight * (other.white - self.white * (other.veil + other.melanin).min(1.0));
    }

    /// The mean of two tissues.
    pub fn between(&self, other: &Self) -> Self {
        Self {
            melanin: 0.5 * (self.melanin + other.melanin),
            blood: 0.5 * (self.blood + other.blood),
            keratin: 0.5 * (self.keratin + other.keratin),
            veil: 0.5 * (self.veil + other.veil),
            white: 0.5 * (self.white + other.white),
        }
    }

    /// The colour in white light: red, green and blue in 0–1.
    pub fn colour(&self) -> [f32; 3] {
        std::array::from_fn(|i| {
            let absorbed =
                self.melanin * MELANIN[i] + self.blood * BLOOD[i] + self.keratin * KERATIN[i];
            let clear = DERMIS[i] * (-absorbed).exp();
            let veiled = clear + self.veil * (VEIL[i] - clear);
            veiled + self.white * (WHITE[i] - veiled)
        })
    }
}
