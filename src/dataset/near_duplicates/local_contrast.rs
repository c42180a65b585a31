//! The fine structure of a photograph, and how far it agrees with another's.

use std::ops::Range;

use image::GrayImage;

/// Half the width of the square whose mean is the local mean, as a part of the side.
const REACH: usize = 16;

/// The shifts of a square, in pixels, that are tried.
#[derive(Clone, Copy)]
pub struct Shifts {
    middle: (isize, isize),
    reach: isize,
}

impl Shifts {
    /// All up to `reach` pixels from `middle`, in x and in y.
    pub fn around(middle: (isize, isize), reach: usize) -> Self {
        let reach = reach as isize;
        Self { middle, reach }
    }

    fn iter(self) -> impl Iterator<Item = (isize, isize)> {
        let Self { middle, reach } = self;
        (-reach..=reach)
            .flat_map(move |dy| (-reach..=reach).map(move |dx| (middle.0 + dx, middle.1 + dy)))
    }
}

/// The part of each axis on which two squares overlap, when the second lies `shift` to the right of the first.
pub fn overlap(side: usize, shift: isize) -> Range<usize> {
    let start = shift.max(0) as usize;
    let end = (side as isize + shift.min(0)) as usize;
    start..end
}

/// Grey values less their local mean, by their local contrast: fine structure counts the same on pale skin as
/// at the edge of a dark spot, which would otherwise outweigh all else.
pub struct LocalContrast {
    side: usize,
    /// In 64ths.
    values: Vec<i16>,
    squares: Sums,
}

impl LocalContrast {
    const UNIT: f32 = 64.0;
    /// No value counts for more than this.
    const MOST: f32 = 3.0;
    /// Added to the local contrast, in grey values, so that noise on plain skin does not count.
    const NOISE: f32 = 1.5;

    /// Of a square image.
    pub fn of(image: &GrayImage) -> Self {
        let side = image.width() as usize;
        let reach = side / REACH / 2;
        let grey = image.as_raw();
        let sums = Sums::of(side, |place| u32::from(grey[place]));
        let squares = Sums::of(side, |place| u32::from(grey[place]).pow(2));
        let around = |place: usize| {
            let start = place.saturating_sub(reach);
            start..(place + reach + 1).min(side)
        };
        let rim = dark_rim(image);
        let mut values = Vec::with_capacity(side * side);
        for y in 0..side {
            for x in 0..side {
                if rim[y * side + x] {
                    values.push(0);
                    continue;
                }
                let (columns, rows) = (around(x), around(y));
                let count = (columns.len() * rows.len()) as f32;
                let mean = sums.within(&columns, &rows) as f32 / count;
                let square = squares.within(&columns, &rows) as f32 / count;
                let contrast = (square - mean * mean).max(0.0).sqrt();
                let detail = (f32::from(grey[y * side + x]) - mean) / (contrast + Self::NOISE);
                values.push((Self::UNIT * detail.clamp(-Self::MOST, Self::MOST)) as i16);
            }
        }
        let squares = Sums::of(side, |place| u32::from(values[place].unsigned_abs()).pow(2));
        Self {
            side,
            values,
            squares,
        }
    }

    /// The root mean square, from 0 for a plain colour to about 1.
    pub fn strength(&self) -> f32 {
        let all = self.squares.within(&(0..self.side), &(0..self.side));
        (all as f32 / self.values.len() as f32).sqrt() / Self::UNIT
    }

    /// The best correlation with another over some shifts of it, and where it is.
    pub fn best(&self, other: &Self, shifts: Shifts) -> (f32, isize, isize) {
        let mut best = (-1.0, 0, 0);
        for (dx, dy) in shifts.iter() {
            let found = self.correlation(other, dx, dy);
            if found > best.0 {
                best = (found, dx, dy);
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
            let own = &self.values[y * self.side..][columns.clone()];
            let others = &other.values[others_y * self.side..][others_columns.clone()];
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

/// The pixels in or near the dark rim that some dermatoscopes leave around the skin: what has less than 6 tenths
/// of the median brightness and hangs together with the edge. The rim of one instrument is the same in all its
/// photographs, so it would make strangers alike. None where it would be more than half of the image, which
/// then is a lesion that fills it.
fn dark_rim(image: &GrayImage) -> Vec<bool> {
    let side = image.width() as usize;
    let grey = image.as_raw();
    let mut sorted = grey.clone();
    sorted.sort_unstable();
    let limit = u32::from(sorted[sorted.len() / 2]) * 6 / 10;
    let is_dark = |place: usize| u32::from(grey[place]) < limit;
    let is_edge = |place: usize| {
        let (x, y) = (place % side, place / side);
        x == 0 || y == 0 || x == side - 1 || y == side - 1
    };
    let mut dark = vec![false; grey.len()];
    let mut open: Vec<usize> = (0..grey.len())
        .filter(|&place| is_edge(place) && is_dark(place))
        .collect();
    while let Some(place) = open.pop() {
        if std::mem::replace(&mut dark[place], true) {
            continue;
        }
        let (x, y) = (place % side, place / side);
        let beside = [
            (x > 0).then(|| place - 1),
            (x + 1 < side).then_some(place + 1),
            (y > 0).then(|| place - side),
            (y + 1 < side).then_some(place + side),
        ];
        let beside = beside.into_iter().flatten();
        open.extend(beside.filter(|&place| is_dark(place)));
    }
    let count = Sums::of(side, |place| u32::from(dark[place]));
    // Its shadow reaches a little further in.
    let reach = side / 10;
    let near = |place: usize| place.saturating_sub(reach)..(place + reach + 1).min(side);
    let rim: Vec<bool> = (0..grey.len())
        .map(|place| count.within(&near(place % side), &near(place / side)) > 0)
        .collect();
    if 2 * rim.iter().filter(|&&in_rim| in_rim).count() > rim.len() {
        return vec![false; rim.len()];
    }
    rim
}

/// Sums of a square's values from its upper left corner on, so that the sum within any rectangle takes four
/// fingerprint-ups.
struct Sums {
    side: usize,
    values: Vec<u32>,
}

impl Sums {
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
