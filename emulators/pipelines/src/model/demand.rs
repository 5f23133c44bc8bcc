//! Demands of jobs and capabilities of agents.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/process/demands>

use std::collections::BTreeMap;

/// The capability that a job's minimum version of the agent refers to.
const VERSION: &str = "Agent.Version";
const NAME: &str = "Agent.Name";

/// A demand of a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Demand {
    /// The agent has the capability, with any value.
    Exists(String),
    /// The capability has this value.
    Equals(String, String),
    /// The capability is this version or a later one.
    AtLeast(String, String),
}

/// The capabilities of an agent. Its name and its version are capabilities even if its registration lists none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capabilities<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) maps: [&'a BTreeMap<String, String>; 2],
}

impl Demand {
    /// Parses a demand as it is written in a pipeline and in a job request; `None` if it has another form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(3, ' ').map(str::to_owned);
        match (words.next()?, words.next(), words.next()) {
            (name, None, None) if !name.is_empty() => Some(Self::Exists(name)),
            (name, Some(operator), Some(value)) => match operator.as_str() {
                "-equals" => Some(Self::Equals(name, value)),
                "-gtVersion" => Some(Self::AtLeast(name, value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns whether this is the minimum version of the agent, which the service adds to jobs.
    pub(crate) fn is_of_version(&self) -> bool {
        matches!(self, Self::AtLeast(name, _) if name.eq_ignore_ascii_case(VERSION))
    }

    /// Returns whether an agent meets this demand. Names and values are compared without regard to case; that the
    /// service compares values so is inferred.
    pub(crate) fn is_met_by(&self, capabilities: Capabilities<'_>) -> bool {
        match self {
            Self::Exists(name) => capabilities.get(name).is_some(),
            Self::Equals(name, value) => {
                capabilities.get(name).is_some_and(|actual| actual.eq_ignore_ascii_case(value))
            }
            Self::AtLeast(name, minimum) => {
                capabilities.get(name).is_some_and(|actual| numbers(actual) >= numbers(minimum))
            }
        }
    }
}

impl<'a> Capabilities<'a> {
    fn get(self, name: &str) -> Option<&'a str> {
        let listed = self.maps.into_iter().flatten();
        let mut listed = listed.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match listed.next() {
            Some((_, value)) => Some(value),
            None if name.eq_ignore_ascii_case(NAME) => Some(self.name),
            None if name.eq_ignore_ascii_case(VERSION) && !self.version.is_empty() => {
                Some(self.version)
            }
            None => None,
        }
    }
}

/// Splits a version into its numbers.
pub(crate) fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demands_are_matched_against_the_capabilities_of_an_agent() {
        let user = BTreeMap::from([("gpu".to_owned(), "A100".to_owned())]);
        let system = BTreeMap::from([("Agent.OS".to_owned(), "Linux".to_owned())]);
        let agent = Capabilities { name: "az-1", version: "4.274.1", maps: [&user, &system] };
        for (demand, expected) in [
            ("gpu", true),
            ("GPU", true),
            ("fpga", false),
            ("gpu -equals a100", true),
            ("gpu -equals T4", false),
            ("Agent.OS -equals Linux", true),
            ("Agent.Name -equals az-1", true),
            ("Agent.Version -gtVersion 4.274.1", true),
            ("Agent.Version -gtVersion 4.9.0", true),
            ("Agent.Version -gtVersion 4.275.0", false),
        ] {
            let parsed = Demand::parse(demand).unwrap();
            assert_eq!(parsed.is_met_by(agent), expected, "{demand}");
        }
        for malformed in ["", "gpu -equals", "gpu -like A"] {
            assert_eq!(Demand::parse(malformed), None, "{malformed}");
        }
    }
}
