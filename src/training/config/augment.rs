//! Settings of the augmentation of training images.

use serde::{Deserialize, Serialize};

/// Strength of every random change of a training image: the largest change, or for on/off effects the probability.
/// By default all are off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)] // documented in configs/*.toml
pub struct Augment {
    pub flip: bool,
    pub rotation: f64,
    pub scale: f64,
    pub crop: f64,
    pub stretch: f64,
    pub shift: f64,
    pub shear: f64,
    pub brightness: f64,
    pub contrast: f64,
    pub colour: f64,
    pub saturation: f64,
    pub gamma: f64,
    pub temperature: f64,
    pub illumination: f64,
    pub vignette: f64,
    pub border: f64,
    pub hair: f64,
    pub ruler: f64,
    pub bubbles: f64,
    pub ink: f64,
    pub erase: f64,
    pub blur: f64,
    pub jpeg: f64,
}

impl Augment {
    /// All keys whose values are fractions or probabilities (0 to below 1), with their values.
    pub fn shares(&self) -> [(&'static str, f64); 21] {
        [
            ("scale", self.scale),
            ("crop", self.crop),
            ("stretch", self.stretch),
            ("shift", self.shift),
            ("shear", self.shear),
            ("brightness", self.brightness),
            ("contrast", self.contrast),
            ("colour", self.colour),
            ("saturation", self.saturation),
            ("gamma", self.gamma),
            ("temperature", self.temperature),
            ("illumination", self.illumination),
            ("vignette", self.vignette),
            ("border", self.border),
            ("hair", self.hair),
            ("ruler", self.ruler),
            ("bubbles", self.bubbles),
            ("ink", self.ink),
            ("erase", self.erase),
            ("blur", self.blur),
            ("jpeg", self.jpeg),
        ]
    }
}
