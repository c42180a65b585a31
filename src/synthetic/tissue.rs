//! What skin is made of, and the colour that it therefore has.

/// How much of each substance lies at a point. All are absorptions from 0 up, but for `veil` and `white`,
/// which cover what is below them by a share in 0–1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tissue {
    /// Brown pigment: skin has about 0.1, a nevus 1, a black blotch 3.
    pub melanin: f32,
    /// Haemoglobin: skin has about 0.25, an angioma 2.
    pub blood: f32,
    /// Horn, waxy yellow.
    pub keratin: f32,
    /// Pigment deep down, seen blue-grey through what is above.
    pub veil: f32,
    /// Scale, scar and everything else that scatters all light.
    pub white: f32,
}

/// What unpigmented, bloodless skin sends back of red, green and blue.
const DERMIS: [f32; 3] = [0.97, 0.87, 0.83];
// How strongly each substance absorbs red, green and blue: chosen by eye beside real photographs.
const MELANIN: [f32; 3] = [0.45, 0.85, 1.15];
const BLOOD: [f32; 3] = [0.12, 0.78, 0.55];
const KERATIN: [f32; 3] = [0.08, 0.30, 0.95];
const VEIL: [f32; 3] = [0.40, 0.42, 0.52];
const WHITE: [f32; 3] = [0.95, 0.90, 0.87];

impl Tissue {
    /// Adds `share` of another tissue on top.
    pub fn add(&mut self, other: &Self, share: f32) {
        self.melanin += share * other.melanin;
        self.blood += share * other.blood;
        self.keratin += share * other.keratin;
        self.veil += (1.0 - self.veil) * share * other.veil;
        // What is put on top also hides the white that was there.
        self.white += share * (other.white - self.white * (other.veil + other.melanin).min(1.0));
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

    /// Its colour in white light, each of red, green and blue in 0–1.
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
