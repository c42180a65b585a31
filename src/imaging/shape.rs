//! The shapes of pictures that no dermatoscope takes.

/// The fewest pixels on each side.
pub const FEWEST_PIXELS: u32 = 64;

/// The longer side is at most this many times the shorter one.
pub const LARGEST_ASPECT: u32 = 4;

/// Why a picture of this width and height, in pixels, is not a dermatoscopic photograph. `None` if it may be one.
///
/// A network answers for any picture: it once called a strip of 20000 × 1 pixels a nevus with 96 %.
pub fn refusal(width: u32, height: u32) -> Option<String> {
    let (short, long) = (width.min(height), width.max(height));
    if short < FEWEST_PIXELS {
        return Some(format!(
            "{width} × {height} pixels, fewer than {FEWEST_PIXELS} on a side"
        ));
    }
    if u64::from(long) > u64::from(short) * u64::from(LARGEST_ASPECT) {
        return Some(format!(
            "{width} × {height} pixels, one side more than {LARGEST_ASPECT} times the other"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_elongated_pictures_are_refused_and_those_at_the_limit_are_not() {
        for (width, height) in [(63, 200), (200, 63), (20_000, 1), (64, 257), (1025, 256)] {
            let reason = refusal(width, height).unwrap();
            assert!(
                reason.starts_with(&format!("{width} × {height} pixels")),
                "{reason}"
            );
        }
        for (width, height) in [
            (64, 64),
            (64, 256),
            (256, 64),
            (600, 450),
            (u32::MAX, 1 << 30),
        ] {
            assert_eq!(refusal(width, height), None, "{width} × {height}");
        }
    }
}
