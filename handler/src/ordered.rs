//! Collects into ordered maps and sets.

/// Iterators that are collected by inserting one item after the other.
///
/// `collect` sorts the items first, which is faster for thousands of them, and takes 3 kB of the program for each type.
pub(crate) trait InsertEach: Iterator + Sized {
    /// Collects the items. Of equal keys, the last one's value is kept, as with `collect`.
    fn insert_each<C: Default + Extend<Self::Item>>(self) -> C {
        let mut collection = C::default();
        collection.extend(self);
        collection
    }
}

impl<I: Iterator> InsertEach for I {}
