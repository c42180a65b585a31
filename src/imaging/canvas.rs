//! A canvas of pixels: antialiased shapes, blur, and JPEG encoding.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageResult};

/// A picture with pixels of any type, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas<T> {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width × height` pixels.
    pub pixels: Vec<T>,
}

/// A mask: the fraction of each pixel that a group of shapes covers. Overlapping shapes do not add up, so that a stroke
/// can be stamped from many discs.
pub struct Stencil {
    width: usize,
    height: usize,
    coverage: Vec<f32>,
    touched: Vec<usize>,
}

impl Stencil {
    /// An empty mask for a picture of this size.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            coverage: vec![0.0; width * height],
            touched: Vec::new(),
        }
    }

    /// Adds an ellipse. `radii` and the width `soft` of its soft edge are in pixels, `angle` (of the first radius) in
    /// radians.
    pub fn ellipse(&mut self, [x, y]: [f32; 2], radii: [f32; 2], angle: f32, soft: f32) {
        let reach = radii[0].max(radii[1]) + soft;
        let (sine, cosine) = angle.sin_cos();
        let thin = radii[0].min(radii[1]).max(0.05);
        self.each(x, y, reach, |dx, dy| {
            let along = (dx * cosine + dy * sine) / radii[0].max(0.05);
            let across = (dy * cosine - dx * sine) / radii[1].max(0.05);
            let inside = (1.0 - along.hypot(across)) * thin;
            (inside / soft.max(1.0) + 0.5).clamp(0.0, 1.0)
        });
    }

    /// Adds a ring; radius and width are in pixels.
    pub fn ring(&mut self, [x, y]: [f32; 2], radius: f32, width: f32) {
        self.each(x, y, radius + width, |dx, dy| {
            let off = (dx.hypot(dy) - radius).abs();
            (1.0 - off / width).clamp(0.0, 1.0)
        });
    }

    /// Adds a line through points, whose thickness in pixels goes from `from` to `to`.
    pub fn stroke(&mut self, points: &[[f32; 2]], from: f32, to: f32) {
        let pieces = points.len().saturating_sub(1).max(1) as f32;
        for (piece, ends) in points.windows(2).enumerate() {
            let [dx, dy] = [ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]];
            let stamps = (dx.hypot(dy) / 0.7).ceil().max(1.0);
            for stamp in 0..stamps as usize {
                let t = stamp as f32 / stamps;
                let thickness = from + (to - from) * (piece as f32 + t) / pieces;
                // A line thinner than a pixel covers the pixel partially.
                let radius = (thickness / 2.0).max(0.5);
                let most = (thickness / 2.0 / radius).min(1.0);
                let (x, y) = (ends[0][0] + t * dx, ends[0][1] + t * dy);
                self.each(x, y, radius + 0.5, |dx, dy| {
                    most * (radius + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0)
                });
            }
        }
    }

    /// Calls `blend(pixel, coverage)` for every covered pixel of a picture, and clears the mask.
    pub fn paint<T>(&mut self, canvas: &mut Canvas<T>, blend: impl Fn(&mut T, f32)) {
        for index in self.touched.drain(..) {
            blend(&mut canvas.pixels[index], self.coverage[index]);
            self.coverage[index] = 0.0;
        }
    }

    fn each(&mut self, x: f32, y: f32, reach: f32, coverage: impl Fn(f32, f32) -> f32) {
        let range = |middle: f32, end: usize| {
            let from = (middle - reach).max(0.0) as usize;
            from..((middle + reach + 1.0).max(0.0) as usize).min(end)
        };
        for row in range(y, self.height) {
            for column in range(x, self.width) {
                let covered = coverage(column as f32 - x, row as f32 - y);
                let index = row * self.width + column;
                if covered > self.coverage[index] {
                    if self.coverage[index] == 0.0 {
                        self.touched.push(index);
                    }
                    self.coverage[index] = covered;
                }
            }
        }
    }
}

impl<T: Copy> Canvas<T> {
    /// Upsamples the picture by two, cropped to `width` × `height` (at most 2 × its own − 1). Each new pixel is
    /// interpolated between two old ones.
    pub fn doubled(&self, width: usize, height: usize, between: impl Fn(&T, &T) -> T) -> Self {
        let mut pixels = Vec::with_capacity(width * height);
        for row in 0..height {
            let above = &self.pixels[row / 2 * self.width..];
            let below = &self.pixels[row.div_ceil(2) * self.width..];
            for column in 0..width {
                let (left, right) = (column / 2, column.div_ceil(2));
                pixels.push(between(&above[left], &below[right]));
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }
}

impl Canvas<[f32; 3]> {
    /// Blurs with the kernel 1, 2, 1 horizontally and vertically, with taps `reach` pixels apart.
    pub fn blur(&mut self, reach: usize) {
        let (width, height) = (self.width, self.height);
        let pass = |from: &[[f32; 3]], column_step: usize, row_step: usize| -> Vec<[f32; 3]> {
            let mut to = Vec::with_capacity(from.len());
            for row in 0..height {
                let above = row.saturating_sub(row_step) * width;
                let below = (row + row_step).min(height - 1) * width;
                for column in 0..width {
                    let left = column.saturating_sub(column_step);
                    let right = (column + column_step).min(width - 1);
                    let before = &from[above + left];
                    let here = &from[row * width + column];
                    let after = &from[below + right];
                    to.push(std::array::from_fn(|i| {
                        0.25 * (before[i] + after[i]) + 0.5 * here[i]
                    }));
                }
            }
            to
        };
        let across = pass(&self.pixels, reach, 0);
        self.pixels = pass(&across, 0, reach);
    }

    /// The picture as bytes: row by row, RGB interleaved.
    pub fn bytes(&self) -> Vec<u8> {
        (self.pixels.iter().flatten())
            .map(|value| (value * 255.0 + 0.5) as u8)
            .collect()
    }

    /// Encodes the picture as a JPEG file; quality is 1 to 100.
    pub fn jpeg(&self, quality: u8) -> ImageResult<Vec<u8>> {
        let bytes = self.bytes();
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, quality).encode(
            &bytes,
            self.width as u32,
            self.height as u32,
            ExtendedColorType::Rgb8,
        )?;
        Ok(file)
    }
}
