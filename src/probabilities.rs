//! The output of a classifier: one probability per class.

use std::ops::{Deref, DerefMut};

use crate::{Class, ClassList};

/// A number for each class of a list, in class order: probabilities, which sum to 1, or logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Probabilities {
    classes: ClassList,
    values: Box<[f64]>,
}

impl Probabilities {
    /// The numbers `values` in class order; those that lack are 0.
    pub fn new(classes: ClassList, values: impl IntoIterator<Item = f64>) -> Self {
        let mut row = Self::zeros(classes);
        row.iter_mut()
            .zip(values)
            .for_each(|(to, value)| *to = value);
        row
    }

    /// Zeros.
    pub fn zeros(classes: ClassList) -> Self {
        let values = vec![0.0; classes.len()].into();
        Self { classes, values }
    }

    /// 1 for a class and 0 for the others.
    pub fn one_hot(class: Class) -> Self {
        let mut row = Self::zeros(class.list());
        row[class.index()] = 1.0;
        row
    }

    /// The list of the classes.
    pub fn classes(&self) -> ClassList {
        self.classes
    }

    /// The numbers changed one by one.
    pub fn map(&self, of: impl FnMut(f64) -> f64) -> Self {
        Self::new(self.classes, self.iter().copied().map(of))
    }

    /// The class with the highest probability. Ties go to the first class, as in NumPy's `argmax`.
    pub fn argmax(&self) -> Class {
        let mut classes = self.classes.iter();
        let first = classes.next();
        #[expect(clippy::expect_used, reason = "no list is empty")]
        let first = first.expect("a list has classes");
        classes.fold(first, |best, class| {
            match self[class.index()] > self[best.index()] {
                true => class,
                false => best,
            }
        })
    }

    /// The classes and their probabilities, most probable first. Ties stay in class order.
    pub fn ranked(&self) -> Vec<(Class, f64)> {
        let mut ranked = self.classes.map(|class| (class, self[class.index()]));
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranked
    }
}

impl Deref for Probabilities {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.values
    }
}

impl DerefMut for Probabilities {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }
}
