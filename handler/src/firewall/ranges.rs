//! Reads networks: of a setting, and those that were built in at release.

use ipnet::IpNet;

/// The ranges that GitHub's webhooks come from, as published when this version was released
/// (<https://api.github.com/meta>, key `hooks`; the last three were added on 2026-10-29).
const PUBLISHED: [&str; 9] = [
    "192.30.252.0/22",
    "185.199.108.0/22",
    "140.82.112.0/20",
    "143.55.64.0/20",
    "2a0a:a440::/29",
    "2606:50c0::/32",
    "9.234.98.160/28",
    "9.234.98.176/28",
    "9.234.106.48/28",
];

/// The addresses that may deliver webhooks.
#[derive(Clone, Debug, PartialEq)]
pub enum HookRanges {
    /// Whoever can reach the function; for a run on one machine.
    Any,
    /// These networks and no others.
    Networks(Vec<IpNet>),
}

/// Where the ranges of webhooks come from.
#[derive(Clone, Debug, PartialEq)]
pub enum HookSource {
    /// A setting lists them, and wins over what GitHub publishes.
    Listed(HookRanges),
    /// GitHub publishes them; these hold until they were read for the first time.
    Published {
        /// Built in for github.com; none for any other GitHub, so that nobody is admitted at first.
        built_in: Vec<IpNet>,
    },
}

impl HookSource {
    /// Tells the ranges that a process begins with.
    pub fn first(&self) -> HookRanges {
        match self {
            Self::Listed(ranges) => ranges.clone(),
            Self::Published { built_in } => HookRanges::Networks(built_in.clone()),
        }
    }
}

/// Lists the ranges of github.com that were built in at release.
pub fn built_in() -> Vec<IpNet> {
    let network = |text: &&str| text.parse().expect("a literal that a test parses");
    PUBLISHED.iter().map(network).collect()
}

/// Reads `any`, or networks in CIDR notation with commas or spaces between them.
///
/// # Errors
/// The first part that is not a network, or an empty list.
pub fn hook_ranges(text: &str) -> Result<HookRanges, String> {
    if text.trim().eq_ignore_ascii_case("any") {
        return Ok(HookRanges::Any);
    }
    networks(text).map(HookRanges::Networks)
}

/// Reads networks in CIDR notation with commas or spaces between them.
///
/// # Errors
/// The first part that is not a network, or an empty list.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parts = text.split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| {
        part.parse().map_err(|_| format!("{part:?} is not a network such as 192.30.252.0/22"))
    };
    let networks: Vec<IpNet> = parts.map(read).collect::<Result<_, _>>()?;
    if networks.is_empty() {
        return Err("names no network".to_owned());
    }
    Ok(networks)
}

/// Brings networks into one form, so that two lists of the same networks are equal.
pub(super) fn in_order(networks: impl IntoIterator<Item = IpNet>) -> Vec<IpNet> {
    let mut networks: Vec<IpNet> = networks.into_iter().map(|network| network.trunc()).collect();
    networks.sort();
    networks.dedup();
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_networks_or_any() {
        assert_eq!(hook_ranges(" any "), Ok(HookRanges::Any));
        assert!(hook_ranges("127.0.0.1/32, ::1/128").is_ok());
        assert!(hook_ranges("localhost").expect_err("a name").contains("localhost"));
        assert!(networks("any").expect_err("not everybody").contains("any"));
        assert!(networks(" , ").is_err());
    }

    #[test]
    fn the_same_networks_are_one_list() {
        let list = |text: &str| in_order(networks(text).expect("networks"));
        assert_eq!(list("10.0.0.7/8 9.0.0.0/8 10.0.0.0/8"), list("9.0.0.0/8,10.0.0.0/8"));
        assert_eq!(in_order(built_in()).len(), PUBLISHED.len());
    }
}
