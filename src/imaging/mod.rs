//! Photographs as files and as pixels: the only decoder, the only resizer and the only mean and standard deviation in
//! the project.

pub mod artefacts;
pub mod canvas;
pub mod decode;
pub mod find;
pub mod noise;
pub mod normalize;
pub mod read;
pub mod resize;
#[cfg(test)]
mod tests;
