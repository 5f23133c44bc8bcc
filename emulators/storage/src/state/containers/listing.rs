//! List Blobs: pages, and common prefixes up to a delimiter.

use std::ops::Bound;

use chrono::{DateTime, Utc};

use super::Container;
use crate::state::blob::Blob;
use crate::state::lease::LeaseProperties;

/// The selection of List Blobs.
#[derive(Debug)]
pub(crate) struct ListOptions<'a> {
    /// The prefix of the names.
    pub(crate) prefix: &'a str,
    /// The delimiter: names that contain it after the prefix are combined into one entry.
    pub(crate) delimiter: Option<&'a str>,
    /// The name at which the page starts.
    pub(crate) marker: &'a str,
    /// The maximum number of entries.
    pub(crate) max_results: usize,
    /// The time of the list, which decides the states of leases.
    pub(crate) now: DateTime<Utc>,
}

/// An entry of a page.
#[derive(Debug)]
pub(crate) enum ListEntry<'a> {
    /// A blob.
    Blob(&'a str, &'a Blob, LeaseProperties),
    /// All blobs whose names start with this prefix.
    Prefix(&'a str),
}

/// A page of entries.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// The entries in the order of their names.
    pub(crate) entries: Vec<ListEntry<'a>>,
    /// The name at which the next page starts, if there is one.
    pub(crate) next: Option<&'a str>,
}

impl Container {
    /// Returns one page.
    pub(crate) fn list(&self, options: &ListOptions<'_>) -> Page<'_> {
        let first = options.prefix.max(options.marker);
        let blobs = self
            .blobs
            .range::<str, _>((Bound::Included(first), Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(options.prefix));
        let mut entries = Vec::new();
        for (name, blob) in blobs {
            let entry = options.common_prefix(name).map_or_else(
                || ListEntry::Blob(name, blob, self.blob_lease_properties(name, options.now)),
                ListEntry::Prefix,
            );
            if entry.repeats(entries.last()) {
                continue;
            }
            if entries.len() == options.max_results {
                return Page { entries, next: Some(name) };
            }
            entries.push(entry);
        }
        Page { entries, next: None }
    }
}

impl ListOptions<'_> {
    /// Returns the part of a name up to the first delimiter after the prefix.
    fn common_prefix<'n>(&self, name: &'n str) -> Option<&'n str> {
        let delimiter = self.delimiter?;
        let at = name[self.prefix.len()..].find(delimiter)?;
        Some(&name[..self.prefix.len() + at + delimiter.len()])
    }
}

impl ListEntry<'_> {
    fn repeats(&self, last: Option<&ListEntry<'_>>) -> bool {
        matches!((self, last), (Self::Prefix(this), Some(ListEntry::Prefix(last))) if this == last)
    }
}
