//! A group of training examples.

/// Training examples that get a share of every epoch. An example's index is its position among the training rows.
pub struct Group {
    /// Indices of the examples, ascending.
    pub members: Vec<usize>,
    /// Fraction of the epoch, 0 to 1.
    pub share: f64,
}
