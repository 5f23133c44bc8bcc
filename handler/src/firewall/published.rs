//! Validates the ranges that GitHub publishes as the source of its webhooks.
//!
//! A list that passes opens both firewalls, so an implausible list must change nothing.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::ranges::in_order;

/// Maximum number of ranges; a longer list is not the list of webhook ranges.
///
/// GitHub has published 4 to 9 in ten years, and eight rules of eight ranges hold seven times as many. Its list of
/// hosted runners, whose addresses anyone can rent, has thousands of entries.
const MAX_RANGES: usize = 64;
/// Minimum prefix lengths.
const MIN_PREFIX_V4: u8 = 8;
const MIN_PREFIX_V6: u8 = 16;
/// Networks from which no delivery can come over the internet.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
const NOT_PUBLIC_V4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// The network that is routed on the internet, and the exceptions within it.
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
const PUBLIC_V6: &str = "2000::/3";
const NOT_PUBLIC_V6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// A list that cannot be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Implausible {
    /// There is no list of texts at the key of the ranges.
    #[error("it has no list of ranges")]
    NoList,
    /// The list is empty.
    #[error("its list of ranges is empty")]
    Empty,
    /// An entry is not a network.
    #[error("{0:?} is not a network")]
    NotANetwork(String),
    /// An entry overlaps a network that is not routed on the internet.
    #[error("{0} is not a network of the internet")]
    NotPublic(IpNet),
    /// An entry is larger than any network that GitHub could own.
    #[error("{0} is too large a network")]
    TooLarge(IpNet),
    /// The list is too long to be the list of webhook ranges.
    #[error("{0} ranges are too many")]
    TooMany(usize),
    /// No range overlaps any of those in force.
    #[error("none of its ranges overlaps those in force")]
    AllDifferent,
}

/// Parses GitHub's list, and checks that it is plausible as a successor of the ranges `in_force`, if there are any.
///
/// # Errors
/// With the first implausible property.
pub fn validate(hooks: &Value, in_force: &[IpNet]) -> Result<Vec<IpNet>, Implausible> {
    let list = hooks.as_array().ok_or(Implausible::NoList)?;
    match list.len() {
        0 => return Err(Implausible::Empty),
        length if length > MAX_RANGES => return Err(Implausible::TooMany(length)),
        _ => {}
    }
    let networks = list.iter().map(network).collect::<Result<Vec<_>, _>>()?;
    let networks = in_order(networks);
    let in_use = |one: &IpNet| in_force.iter().any(|other| overlap(one, other));
    if !in_force.is_empty() && !networks.iter().any(in_use) {
        return Err(Implausible::AllDifferent);
    }
    Ok(networks)
}

fn network(entry: &Value) -> Result<IpNet, Implausible> {
    let text = entry.as_str().ok_or(Implausible::NoList)?;
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network: Option<IpNet> = text.parse().ok().or_else(single);
    // The text appears in the log.
    let shown = || text.chars().take(64).collect();
    let network = network.ok_or_else(|| Implausible::NotANetwork(shown()))?;
    if is_too_large(&network) {
        return Err(Implausible::TooLarge(network));
    }
    if !is_public(&network) {
        return Err(Implausible::NotPublic(network));
    }
    Ok(network)
}

/// Returns whether a network is larger than any that GitHub, or one operator, could own.
pub fn is_too_large(network: &IpNet) -> bool {
    let min_prefix = if network.addr().is_ipv4() { MIN_PREFIX_V4 } else { MIN_PREFIX_V6 };
    network.prefix_len() < min_prefix
}

fn is_public(network: &IpNet) -> bool {
    let literal = |text: &str| text.parse::<IpNet>().expect("a literal that a test parses");
    let clear = |list: &[&str]| !list.iter().any(|text| overlap(&literal(text), network));
    match network {
        IpNet::V4(_) => clear(&NOT_PUBLIC_V4),
        IpNet::V6(_) => literal(PUBLIC_V6).contains(network) && clear(&NOT_PUBLIC_V6),
    }
}

/// Returns whether two networks have an address in common.
fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::firewall::ranges::built_in;

    #[track_caller]
    fn check(hooks: &Value, expect: &str) {
        let validated = validate(hooks, &built_in());
        let result = validated.map_or_else(|why| why.to_string(), |ranges| format!("{ranges:?}"));
        assert_eq!(result, expect, "{hooks}");
    }

    #[test]
    fn githubs_present_ranges_are_plausible_in_any_order() {
        let mut texts: Vec<String> = built_in().iter().map(ToString::to_string).collect();
        let validated = validate(&json!(texts), &built_in());
        texts.reverse();
        assert_eq!(validate(&json!(texts), &built_in()), validated);
        assert_eq!(validated.expect("plausible").len(), 9);
    }

    #[test]
    fn a_range_may_be_split_joined_added_or_a_single_address() {
        check(&json!(["140.82.112.0/21"]), "[140.82.112.0/21]");
        check(&json!(["140.82.0.0/16", "140.82.115.1/16"]), "[140.82.0.0/16]");
        check(&json!(["140.82.112.0/20", "20.1.2.3"]), "[20.1.2.3/32, 140.82.112.0/20]");
    }

    #[test]
    fn an_implausible_list_is_rejected_with_the_reason() {
        check(&Value::Null, "it has no list of ranges");
        check(&json!("140.82.112.0/20"), "it has no list of ranges");
        check(&json!([]), "its list of ranges is empty");
        check(&json!([14]), "it has no list of ranges");
        check(&json!(["140.82.112.0/20", "hooks\n"]), "\"hooks\\n\" is not a network");
        check(&json!(["140.82.112.0/33"]), "\"140.82.112.0/33\" is not a network");
        check(&json!(["140.0.0.0/7"]), "140.0.0.0/7 is too large a network");
        check(&json!(["0.0.0.0/0"]), "0.0.0.0/0 is too large a network");
        check(&json!(["2a0a::/15"]), "2a0a::/15 is too large a network");
        check(&json!(["20.1.2.0/28"]), "none of its ranges overlaps those in force");
        check(&json!(vec!["140.82.112.0/20"; 65]), "65 ranges are too many");
    }

    #[test]
    fn networks_outside_the_internet_are_not_githubs() {
        let literals = NOT_PUBLIC_V4.iter().chain(&NOT_PUBLIC_V6).copied();
        let others = ["172.16.0.0/8", "::1", "fe80::/64", "fd00::/16", "::ffff:140.82.112.0/116"];
        for text in literals.chain(others) {
            let validated = validate(&json!(["140.82.112.0/20", text]), &built_in());
            let rejected =
                matches!(validated, Err(Implausible::NotPublic(_) | Implausible::TooLarge(_)));
            assert!(rejected, "{text}: {validated:?}");
        }
    }

    #[test]
    fn the_first_plausible_list_is_accepted_if_none_is_in_force() {
        assert!(validate(&json!(["20.1.2.0/28"]), &[]).is_ok());
        assert!(validate(&json!(["10.0.0.0/8"]), &[]).is_err());
    }
}
