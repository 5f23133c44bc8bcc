//! Names the Batch jobs that hold a profile's tasks: `runners-ubuntu`, and its successors `runners-ubuntu_2` …
//!
//! A Batch job that somebody has completed, disabled or deleted is succeeded by another. No profile's name
//! has an underscore, so that no successor can be another profile's.

use std::fmt;

/// What the name of every Batch job of ours begins with.
pub const PREFIX: &str = "runners-";

/// Identifies a Batch job by its profile, and by its place in the line of those that the profile had.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct BatchJobId {
    /// The profile whose tasks it holds.
    pub profile: String,
    /// 1 for the first, 2 and more for its successors.
    pub generation: u32,
}

impl BatchJobId {
    /// Names a Batch job of a profile.
    pub fn new(profile: &str, generation: u32) -> Self {
        Self { profile: profile.to_owned(), generation: generation.max(1) }
    }

    /// Names the one that takes over.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self::new(&self.profile, self.generation + 1)
    }

    /// Reads a name; `None` where it is not one that we would write ourselves.
    pub fn read(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        let (profile, generation) = match rest.split_once('_') {
            Some((profile, generation)) => (profile, generation.parse().ok().filter(|&n| n > 1)?),
            None => (rest, 1),
        };
        let id = Self::new(profile, generation);
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for BatchJobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.profile)?;
        if self.generation > 1 {
            write!(f, "_{}", self.generation)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_would_write_are_ours() {
        let first = BatchJobId::new("ubuntu-2204", 1);
        assert_eq!(first.to_string(), "runners-ubuntu-2204");
        assert_eq!(first.successor().to_string(), "runners-ubuntu-2204_2");
        for id in [first.clone(), first.successor()] {
            assert_eq!(BatchJobId::read(&id.to_string()), Some(id));
        }
        for foreign in ["ubuntu", "runners-a_1", "runners-a_02", "runners-a_x", "runners-a_2_3"] {
            assert_eq!(BatchJobId::read(foreign), None, "{foreign}");
        }
    }
}
