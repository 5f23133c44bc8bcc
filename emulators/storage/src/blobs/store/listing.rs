//! Lists the blobs of a container page by page, and folds those below a delimiter into one entry.

use std::ops::Bound;

use super::Container;
use crate::blobs::blob::Blob;

/// Which blobs of a container are wanted.
#[derive(Debug)]
pub(in crate::blobs) struct Wanted<'a> {
    /// What their names begin with.
    pub(in crate::blobs) prefix: &'a str,
    /// What ends the part of a name, after the prefix, that is shown.
    pub(in crate::blobs) delimiter: Option<&'a str>,
    /// Where the page before ended.
    pub(in crate::blobs) marker: &'a str,
    /// The most entries of a page.
    pub(in crate::blobs) length: usize,
}

/// An entry of a page.
#[derive(Debug)]
pub(in crate::blobs) enum Listed<'a> {
    /// A blob.
    Blob(&'a str, &'a Blob),
    /// All blobs whose names begin so.
    Prefix(&'a str),
}

/// A page of a list.
#[derive(Debug)]
pub(in crate::blobs) struct Page<'a> {
    /// Its entries, in the order of their names.
    pub(in crate::blobs) entries: Vec<Listed<'a>>,
    /// Where the next page begins, if there is one.
    pub(in crate::blobs) next: Option<&'a str>,
}

impl Container {
    /// Lists one page.
    pub(in crate::blobs) fn list(&self, wanted: &Wanted<'_>) -> Page<'_> {
        let first = wanted.prefix.max(wanted.marker);
        let blobs = self
            .blobs
            .range::<str, _>((Bound::Included(first), Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(wanted.prefix));
        let mut entries = Vec::new();
        for (name, blob) in blobs {
            let entry = wanted.fold(name).map_or(Listed::Blob(name, blob), Listed::Prefix);
            if entry.is_in(entries.last()) {
                continue;
            }
            if entries.len() == wanted.length {
                return Page { entries, next: Some(name) };
            }
            entries.push(entry);
        }
        Page { entries, next: None }
    }
}

impl Wanted<'_> {
    /// Finds the beginning of a name up to the delimiter after the prefix.
    fn fold<'n>(&self, name: &'n str) -> Option<&'n str> {
        let delimiter = self.delimiter?;
        let at = name[self.prefix.len()..].find(delimiter)?;
        Some(&name[..self.prefix.len() + at + delimiter.len()])
    }
}

impl Listed<'_> {
    fn is_in(&self, last: Option<&Listed<'_>>) -> bool {
        matches!((self, last), (Self::Prefix(this), Some(Listed::Prefix(last))) if this == last)
    }
}
