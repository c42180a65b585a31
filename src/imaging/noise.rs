//! Value noise and cellular noise on a plane, for the texture of skin, borders and pigment.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A random pattern on the plane, with features about one unit wide. The number is its seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise(u32);

/// The position of a point in cellular noise, whose cells are about one unit wide.
pub struct Cell {
    /// Distance to the second nearest cell centre minus that to the nearest: 0 on the wall between two cells.
    pub wall: f32,
    /// A random number in 0–1, the same in the whole cell.
    pub value: f32,
}

impl Noise {
    /// A random pattern.
    pub fn new(rng: &mut ChaCha8Rng) -> Self {
        Self(rng.random())
    }

    /// Smooth value noise in −1…1.
    pub fn at(self, [x, y]: [f32; 2]) -> f32 {
        let (column, row) = (floor(x), floor(y));
        let across = ease(x - column as f32);
        let down = ease(y - row as f32);
        let corner = |i, j| self.number(column + i, row + j);
        let top = corner(0, 0) + across * (corner(1, 0) - corner(0, 0));
        let bottom = corner(0, 1) + across * (corner(1, 1) - corner(0, 1));
        2.0 * (top + down * (bottom - top)) - 1.0
    }

    /// Two octaves of [`Noise::at`], in about −1…1.
    pub fn rough(self, [x, y]: [f32; 2]) -> f32 {
        let finer = Self(self.0 ^ 0x5bd1_e995);
        0.68 * self.at([x, y]) + 0.32 * finer.at([2.1 * x + 7.3, 2.1 * y + 1.9])
    }

    /// The cell of a point. Cell centres are shifted off a grid by up to `jitter` / 2.
    pub fn cell(self, [x, y]: [f32; 2], jitter: f32) -> Cell {
        let (column, row) = (floor(x), floor(y));
        let (mut nearest, mut second, mut cell) = (f32::MAX, f32::MAX, 0);
        for j in -1..=1 {
            for i in -1..=1 {
                let bits = self.hash(column + i, row + j);
                let shift = |bits: u32| 0.5 + jitter * ((bits & 0xffff) as f32 / 65536.0 - 0.5);
                let dx = (column + i) as f32 + shift(bits) - x;
                let dy = (row + j) as f32 + shift(bits >> 16) - y;
                let squared = dx * dx + dy * dy;
                if squared < nearest {
                    second = nearest;
                    nearest = squared;
                    cell = bits;
                } else if squared < second {
                    second = squared;
                }
            }
        }
        Cell {
            wall: second.sqrt() - nearest.sqrt(),
            value: (cell >> 8) as f32 / 16_777_216.0,
        }
    }

    /// A random number in 0–1 for a grid point, independent of its neighbours'.
    pub fn number(self, column: i32, row: i32) -> f32 {
        (self.hash(column, row) >> 8) as f32 / 16_777_216.0
    }

    fn hash(self, column: i32, row: i32) -> u32 {
        let mut bits = self.0
            ^ (column as u32).wrapping_mul(0x9e37_79b1)
            ^ (row as u32).wrapping_mul(0x85eb_ca77);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
        bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
        bits ^ (bits >> 15)
    }
}

fn floor(x: f32) -> i32 {
    x as i32 - i32::from(x < 0.0)
}

fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// Smoothstep: 0 below `from`, 1 above `to`, smooth in between.
pub fn step(from: f32, to: f32, x: f32) -> f32 {
    ease(((x - from) / (to - from)).clamp(0.0, 1.0))
}
