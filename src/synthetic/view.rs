//! Camera position: maps millimetres of skin to pixels of the photograph.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Width of the field of view at zoom 1, in millimetres.
const FIELD: f32 = 14.0;

/// A camera position: scale, offset and rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Pixels per millimetre.
    pub scale: f32,
    middle: [f32; 2],
    angle: f32,
    sine: f32,
    cosine: f32,
}

impl View {
    /// A random camera position above a lesion, for photographs of this width and height.
    pub fn new(width: u32, height: u32, rng: &mut ChaCha8Rng) -> Self {
        let (width, height) = (width as f32, height as f32);
        let angle: f32 = rng.random_range(0.0..std::f32::consts::TAU);
        let (sine, cosine) = angle.sin_cos();
        Self {
            scale: width / FIELD * rng.random_range(0.88..1.15),
            middle: [
                width * (0.5 + rng.random_range(-0.08..0.08)),
                height * (0.5 + rng.random_range(-0.07..0.07)),
            ],
            angle,
            sine,
            cosine,
        }
    }

    /// The point in the lesion's plane, in millimetres, of a pixel.
    pub fn to_skin(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (x, y) = (x - self.middle[0], y - self.middle[1]);
        [
            (x * self.cosine + y * self.sine) / self.scale,
            (y * self.cosine - x * self.sine) / self.scale,
        ]
    }

    /// The pixel of a point in the lesion's plane.
    pub fn to_picture(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [
            self.middle[0] + self.scale * (x * self.cosine - y * self.sine),
            self.middle[1] + self.scale * (x * self.sine + y * self.cosine),
        ]
    }

    /// The angle in the picture of an angle on the skin, in radians.
    pub fn to_picture_angle(&self, angle: f32) -> f32 {
        angle + self.angle
    }
}
