//! The local contrast of a photograph, and its correlation with another's.

use std::ops::Range;

use image::{GrayImage, ImageBuffer, Luma};

use crate::imaging::symmetry::Symmetry;

/// The side divided by the width of the window of the local mean.
const WINDOWS_PER_SIDE: usize = 16;

/// The shifts that are tried, in pixels.
#[derive(Clone, Copy)]
pub struct Shifts {
    centre: (isize, isize),
    reach: isize,
}

impl Shifts {
    /// All shifts up to `reach` pixels from `centre`, in x and in y.
    pub fn around(centre: (isize, isize), reach: usize) -> Self {
        let reach = reach as isize;
        Self { centre, reach }
    }

    fn iter(self) -> impl Iterator<Item = (isize, isize)> {
        let Self { centre, reach } = self;
        (-reach..=reach)
            .flat_map(move |dy| (-reach..=reach).map(move |dx| (centre.0 + dx, centre.1 + dy)))
    }
}

/// The coordinates of the first square that the second overlaps, along one axis, when the second is shifted by `shift`.
pub fn overlap(side: usize, shift: isize) -> Range<usize> {
    let start = shift.max(0) as usize;
    let end = (side as isize + shift.min(0)) as usize;
    start..end
}

/// Grey values minus their local mean, divided by the local standard deviation. Fine structure thereby has the same
/// weight on pale skin as at the edge of a dark spot, which would otherwise dominate.
#[derive(Clone, Debug)]
pub struct LocalContrast {
    side: usize,
    /// In units of 1/64.
    values: Values,
    squares: SummedArea,
}

type Values = ImageBuffer<Luma<i16>, Vec<i16>>;

impl LocalContrast {
    const UNIT: f32 = 64.0;
    /// Values are clamped to ± this limit.
    const LIMIT: f32 = 3.0;
    /// Added to the local standard deviation, in grey values, to suppress noise on plain skin.
    const NOISE: f32 = 1.5;

    /// The local contrast of a square image.
    pub fn of(image: &GrayImage) -> Self {
        let side = image.width() as usize;
        let reach = side / WINDOWS_PER_SIDE / 2;
        let grey = image.as_raw();
        let sums = SummedArea::of(side, |pixel| u32::from(grey[pixel]));
        let squares = SummedArea::of(side, |pixel| u32::from(grey[pixel]).pow(2));
        let around = |pixel: usize| {
            let start = pixel.saturating_sub(reach);
            start..(pixel + reach + 1).min(side)
        };
        let rim = dark_rim(image);
        let value = |x: usize, y: usize| {
            if rim[y * side + x] {
                return 0;
            }
            let (columns, rows) = (around(x), around(y));
            let count = (columns.len() * rows.len()) as f32;
            let mean = sums.within(&columns, &rows) as f32 / count;
            let square = squares.within(&columns, &rows) as f32 / count;
            let deviation = (square - mean * mean).max(0.0).sqrt();
            let detail = (f32::from(grey[y * side + x]) - mean) / (deviation + Self::NOISE);
            (Self::UNIT * detail.clamp(-Self::LIMIT, Self::LIMIT)) as i16
        };
        let (width, height) = image.dimensions();
        Self::from_values(Values::from_fn(width, height, |x, y| {
            Luma([value(x as usize, y as usize)])
        }))
    }

    fn from_values(values: Values) -> Self {
        let side = values.width() as usize;
        let all = values.as_raw();
        let squares = SummedArea::of(side, |pixel| u32::from(all[pixel].unsigned_abs()).pow(2));
        Self {
            side,
            values,
            squares,
        }
    }

    /// The local contrast of the image under a symmetry.
    pub fn turned(&self, symmetry: Symmetry) -> Self {
        Self::from_values(symmetry.apply(&self.values))
    }

    /// The root mean square, from 0 for a plain colour to about 1.
    pub fn strength(&self) -> f32 {
        let all = self.squares.within(&(0..self.side), &(0..self.side));
        (all as f32 / self.values.len() as f32).sqrt() / Self::UNIT
    }

    /// The best correlation with `other` over `shifts`, and its shift in x and y.
    pub fn best(&self, other: &Self, shifts: Shifts) -> (f32, isize, isize) {
        let mut best = (-1.0, 0, 0);
        for (dx, dy) in shifts.iter() {
            let correlation = self.correlation(other, dx, dy);
            if correlation > best.0 {
                best = (correlation, dx, dy);
            }
        }
        best
    }

    fn correlation(&self, other: &Self, dx: isize, dy: isize) -> f32 {
        let (columns, rows) = (overlap(self.side, dx), overlap(self.side, dy));
        let others_columns = overlap(self.side, -dx);
        let others_rows = overlap(self.side, -dy);
        let mut products = 0;
        for (y, others_y) in rows.clone().zip(others_rows.clone()) {
            let own = &self.values.as_raw()[y * self.side..][columns.clone()];
            let others = &other.values.as_raw()[others_y * self.side..][others_columns.clone()];
            let pairs = own.iter().zip(others);
            products += pairs
                .map(|(&a, &b)| i32::from(a) * i32::from(b))
                .sum::<i32>();
        }
        let own = self.squares.within(&columns, &rows) as f32;
        let others = other.squares.within(&others_columns, &others_rows) as f32;
        products as f32 / (own * others).sqrt().max(1.0)
    }
}

/// The pixels in or near the dark rim that some dermatoscopes leave around the skin: darker than 0.6 times the median
/// and connected to the edge. The rim of one instrument is the same in all its photographs and would raise the
/// correlation of unrelated images. Empty if the rim would cover more than half of the image: a lesion then fills it.
fn dark_rim(image: &GrayImage) -> Vec<bool> {
    let side = image.width() as usize;
    let grey = image.as_raw();
    let mut partly_sorted = grey.clone();
    let (_, median, _) = partly_sorted.select_nth_unstable(grey.len() / 2);
    let limit = u32::from(*median) * 6 / 10;
    let is_dark = |pixel: usize| u32::from(grey[pixel]) < limit;
    let is_edge = |pixel: usize| {
        let (x, y) = (pixel % side, pixel / side);
        x == 0 || y == 0 || x == side - 1 || y == side - 1
    };
    let mut dark = vec![false; grey.len()];
    let mut queue: Vec<usize> = (0..grey.len())
        .filter(|&pixel| is_edge(pixel) && is_dark(pixel))
        .collect();
    while let Some(pixel) = queue.pop() {
        if std::mem::replace(&mut dark[pixel], true) {
            continue;
        }
        let (x, y) = (pixel % side, pixel / side);
        let neighbours = [
            (x > 0).then(|| pixel - 1),
            (x + 1 < side).then_some(pixel + 1),
            (y > 0).then(|| pixel - side),
            (y + 1 < side).then_some(pixel + side),
        ];
        let neighbours = neighbours.into_iter().flatten();
        queue.extend(neighbours.filter(|&pixel| is_dark(pixel)));
    }
    let count = SummedArea::of(side, |pixel| u32::from(dark[pixel]));
    // The rim's shadow extends a tenth of the side further in.
    let reach = side / 10;
    let near = |pixel: usize| pixel.saturating_sub(reach)..(pixel + reach + 1).min(side);
    let rim: Vec<bool> = (0..grey.len())
        .map(|pixel| count.within(&near(pixel % side), &near(pixel / side)) > 0)
        .collect();
    if 2 * rim.iter().filter(|&&in_rim| in_rim).count() > rim.len() {
        return vec![false; rim.len()];
    }
    rim
}

/// A summed-area table: the sum within any rectangle takes four look-ups.
#[derive(Clone, Debug)]
struct SummedArea {
    side: usize,
    values: Vec<u32>,
}

impl SummedArea {
    fn of(side: usize, value: impl Fn(usize) -> u32) -> Self {
        let width = side + 1;
        let mut values = vec![0; width * width];
        for y in 0..side {
            let mut row = 0;
            for x in 0..side {
                row += value(y * side + x);
                values[(y + 1) * width + x + 1] = values[y * width + x + 1] + row;
            }
        }
        Self { side, values }
    }

    fn within(&self, columns: &Range<usize>, rows: &Range<usize>) -> u32 {
        let at = |x: usize, y: usize| self.values[y * (self.side + 1) + x];
        at(columns.end, rows.end) + at(columns.start, rows.start)
            - at(columns.start, rows.end)
            - at(columns.end, rows.start)
    }
}
