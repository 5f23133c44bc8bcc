//! Parses networks of settings, and lists the ranges that were built in at release.

use ipnet::IpNet;

/// The ranges from which GitHub's webhooks come, as published when this version was released
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

/// The ranges from which Azure DevOps connects to endpoints of service hooks, as its documentation listed them on
/// 2024-01-02. They are also those of the service tag `AzureDevOps`.
/// <https://learn.microsoft.com/azure/devops/organizations/security/allow-list-ip-url#inbound-connections>
const AZURE_DEVOPS: [&str; 19] = [
    "20.37.194.0/24",
    "20.42.226.0/24",
    "191.235.226.0/24",
    "52.228.82.0/24",
    "20.195.68.0/24",
    "20.41.194.0/24",
    "20.204.197.192/26",
    "20.37.158.0/23",
    "52.150.138.0/24",
    "20.42.5.0/24",
    "20.41.6.0/23",
    "40.80.187.0/24",
    "40.119.10.0/24",
    "40.82.252.0/24",
    "20.42.134.0/23",
    "20.125.155.0/24",
    "40.74.28.0/23",
    "20.166.41.0/24",
    "51.104.26.0/24",
];

/// The addresses from which webhooks are accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum HookRanges {
    /// Any address; for development on one machine.
    Any,
    /// These networks only.
    Networks(Vec<IpNet>),
}

/// The source of the webhook ranges.
#[derive(Clone, Debug, PartialEq)]
pub enum HookSource {
    /// A setting lists them, and takes precedence over the ranges that GitHub publishes.
    Listed(HookRanges),
    /// GitHub publishes them. The built-in ranges are in force until the published ones have been read once.
    Published {
        /// The ranges of github.com. Empty for any other GitHub, so that no address is admitted at first.
        built_in: Vec<IpNet>,
    },
}

impl HookSource {
    /// Returns the ranges with which a process starts.
    pub fn first(&self) -> HookRanges {
        match self {
            Self::Listed(ranges) => ranges.clone(),
            Self::Published { built_in } => HookRanges::Networks(built_in.clone()),
        }
    }
}

/// Returns the ranges of github.com that were built in at release.
pub fn built_in() -> Vec<IpNet> {
    let network = |text: &&str| text.parse().expect("a literal that a test parses");
    PUBLISHED.iter().map(network).collect()
}

/// Returns the ranges of Azure DevOps that were built in at release.
pub fn azure_devops() -> Vec<IpNet> {
    let network = |text: &&str| text.parse().expect("a literal that a test parses");
    AZURE_DEVOPS.iter().map(network).collect()
}

/// Parses `any`, or networks in CIDR notation, separated by commas or spaces.
///
/// # Errors
/// When a part is not a network, or the list is empty.
pub fn hook_ranges(text: &str) -> Result<HookRanges, String> {
    if text.trim().eq_ignore_ascii_case("any") {
        return Ok(HookRanges::Any);
    }
    networks(text).map(HookRanges::Networks)
}

/// Parses networks in CIDR notation, separated by commas or spaces.
///
/// # Errors
/// When a part is not a network, or the list is empty.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parts = text.split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let parse = |part: &str| {
        part.parse().map_err(|_| format!("{part:?} is not a network such as 192.30.252.0/22"))
    };
    let networks: Vec<IpNet> = parts.map(parse).collect::<Result<_, _>>()?;
    if networks.is_empty() {
        return Err("lists no network".to_owned());
    }
    Ok(networks)
}

/// Normalizes networks, so that two lists of the same networks are equal.
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
        assert!(networks("any").expect_err("not a network").contains("any"));
        assert!(networks(" , ").is_err());
    }

    #[test]
    fn lists_of_the_same_networks_are_equal() {
        let list = |text: &str| in_order(networks(text).expect("networks"));
        assert_eq!(list("10.0.0.7/8 9.0.0.0/8 10.0.0.0/8"), list("9.0.0.0/8,10.0.0.0/8"));
        assert_eq!(in_order(built_in()).len(), PUBLISHED.len());
        assert_eq!(in_order(azure_devops()).len(), AZURE_DEVOPS.len());
    }
}
