//! Evenly spaced rows.

/// At most `most` of these rows, evenly spaced from the first on.
pub fn evenly_spaced(rows: &[usize], most: usize) -> Vec<usize> {
    let count = rows.len().min(most);
    (0..count).map(|i| rows[i * rows.len() / count]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_evenly_spaced_and_no_more_than_there_are() {
        assert_eq!(evenly_spaced(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5]);
        assert_eq!(evenly_spaced(&[7, 8], 3), [7, 8]);
        assert!(evenly_spaced(&[], 3).is_empty());
    }
}
