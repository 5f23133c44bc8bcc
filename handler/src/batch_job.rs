//! Names of the Batch jobs that contain a profile's tasks: `runners-ubuntu`, and its successors `runners-ubuntu_2` …
//!
//! A Batch job that was completed, disabled or deleted is succeeded by another. A profile's name cannot contain an
//! underscore, so no successor can belong to another profile.

use std::fmt;

use crate::profiles::is_profile_name;

/// Prefix of the names of all Batch jobs.
pub const PREFIX: &str = "runners-";

/// The id of a Batch job: its profile, and its number among the successive Batch jobs of that profile.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct BatchJobId {
    /// The profile whose tasks it contains.
    pub profile: String,
    /// 1 for the first, 2 and more for its successors.
    pub generation: u32,
}

impl BatchJobId {
    /// Creates the id of a Batch job of a profile.
    pub fn new(profile: &str, generation: u32) -> Self {
        Self { profile: profile.to_owned(), generation: generation.max(1) }
    }

    /// Returns the id of the next Batch job of the profile.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self::new(&self.profile, self.generation + 1)
    }

    /// Parses a name. Returns `None` if `Display` would not produce the same text.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        let (profile, generation) = match rest.split_once('_') {
            Some((profile, generation)) => (profile, generation.parse().ok().filter(|&n| n > 1)?),
            None => (rest, 1),
        };
        let id = Self::new(profile, generation);
        // Batch jobs of other programs may have names that begin like these.
        (is_profile_name(profile) && id.to_string() == name).then_some(id)
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
    fn only_names_of_our_own_format_are_parsed() {
        let first = BatchJobId::new("ubuntu-2204", 1);
        assert_eq!(first.to_string(), "runners-ubuntu-2204");
        assert_eq!(first.successor().to_string(), "runners-ubuntu-2204_2");
        for id in [first.clone(), first.successor()] {
            assert_eq!(BatchJobId::parse(&id.to_string()), Some(id));
        }
        for foreign in ["ubuntu", "runners-a_1", "runners-a_02", "runners-a_x", "runners-a_2_3"] {
            assert_eq!(BatchJobId::parse(foreign), None, "{foreign}");
        }
        for foreign in ["runners-", "runners-GPU", "Runners-ubuntu", "runners-ubuntu.old"] {
            assert_eq!(BatchJobId::parse(foreign), None, "{foreign}");
        }
    }
}
