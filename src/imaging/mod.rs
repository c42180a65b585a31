//! Image files and pixels. The whole project uses this decoder, this resizer, and this mean and standard deviation.

pub mod artefacts;
pub mod canvas;
pub mod decode;
pub mod dhash;
pub mod find;
mod jpeg;
pub mod kind;
mod limits;
pub mod noise;
pub mod normalize;
pub mod read;
pub mod resize;
pub mod shape;
pub mod symmetry;
#[cfg(test)]
mod tests;
