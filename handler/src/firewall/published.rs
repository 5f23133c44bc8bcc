//! Judges what GitHub publishes as the source of its webhooks.
//!
//! Whatever passes here opens both gates, so that an answer which cannot be right changes nothing.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::ranges::in_order;

/// More ranges than this are another list than that of webhooks.
///
/// GitHub has published from 4 to 9 in ten years; eight rules of eight hold seven times that. Its list of
/// hosted runners, whose addresses anybody can rent, has thousands.
const MOST: usize = 64;
/// The widest networks, as prefix lengths.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 16;
/// Networks that no delivery can come from over the internet.
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
/// What is routed on the internet, and the exceptions within it.
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
const PUBLIC_V6: &str = "2000::/3";
const NOT_PUBLIC_V6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// An answer that cannot be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Implausible {
    /// There is no list of texts where the ranges should be.
    #[error("it has no list of ranges")]
    NoList,
    /// The list has no entry.
    #[error("its list of ranges is empty")]
    Empty,
    /// An entry is no network.
    #[error("{0:?} is not a network")]
    NotANetwork(String),
    /// An entry is, or has within it, what is not on the internet.
    #[error("{0} is not a network of the internet")]
    NotPublic(IpNet),
    /// An entry is wider than any that GitHub could have.
    #[error("{0} is too wide")]
    TooWide(IpNet),
    /// The list is too long to be that of webhooks.
    #[error("{0} ranges are too many")]
    TooMany(usize),
    /// No range has anything in common with those in force.
    #[error("none of its ranges touches those in force")]
    AllDifferent,
}

/// Reads GitHub's list, if it can be right beside the ranges `in_force`; where none are, any can.
///
/// # Errors
/// [`Implausible`], with the first reason found.
pub fn judge(hooks: &Value, in_force: &[IpNet]) -> Result<Vec<IpNet>, Implausible> {
    let list = hooks.as_array().ok_or(Implausible::NoList)?;
    match list.len() {
        0 => return Err(Implausible::Empty),
        length if length > MOST => return Err(Implausible::TooMany(length)),
        _ => {}
    }
    let networks = list.iter().map(network).collect::<Result<Vec<_>, _>>()?;
    let networks = in_order(networks);
    let touches = |one: &IpNet| in_force.iter().any(|other| touch(one, other));
    if !in_force.is_empty() && !networks.iter().any(touches) {
        return Err(Implausible::AllDifferent);
    }
    Ok(networks)
}

fn network(entry: &Value) -> Result<IpNet, Implausible> {
    let text = entry.as_str().ok_or(Implausible::NoList)?;
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network: Option<IpNet> = text.parse().ok().or_else(single);
    // What stands here ends up in a log.
    let shown = || text.chars().take(64).collect();
    let network = network.ok_or_else(|| Implausible::NotANetwork(shown()))?;
    let widest = if network.addr().is_ipv4() { WIDEST_V4 } else { WIDEST_V6 };
    if network.prefix_len() < widest {
        return Err(Implausible::TooWide(network));
    }
    if !is_public(&network) {
        return Err(Implausible::NotPublic(network));
    }
    Ok(network)
}

fn is_public(network: &IpNet) -> bool {
    let literal = |text: &str| text.parse::<IpNet>().expect("a literal that a test parses");
    let clear = |list: &[&str]| !list.iter().any(|text| touch(&literal(text), network));
    match network {
        IpNet::V4(_) => clear(&NOT_PUBLIC_V4),
        IpNet::V6(_) => literal(PUBLIC_V6).contains(network) && clear(&NOT_PUBLIC_V6),
    }
}

/// Tells whether two networks have an address in common.
fn touch(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::firewall::ranges::built_in;

    #[track_caller]
    fn check(hooks: &Value, expect: &str) {
        let judged = judge(hooks, &built_in());
        let told = judged.map_or_else(|why| why.to_string(), |ranges| format!("{ranges:?}"));
        assert_eq!(told, expect, "{hooks}");
    }

    #[test]
    fn githubs_ranges_of_today_are_plausible_in_any_order() {
        let mut texts: Vec<String> = built_in().iter().map(ToString::to_string).collect();
        let judged = judge(&json!(texts), &built_in());
        texts.reverse();
        assert_eq!(judge(&json!(texts), &built_in()), judged);
        assert_eq!(judged.expect("plausible").len(), 9);
    }

    #[test]
    fn a_range_may_be_split_joined_added_or_a_single_address() {
        check(&json!(["140.82.112.0/21"]), "[140.82.112.0/21]");
        check(&json!(["140.82.0.0/16", "140.82.115.1/16"]), "[140.82.0.0/16]");
        check(&json!(["140.82.112.0/20", "20.1.2.3"]), "[20.1.2.3/32, 140.82.112.0/20]");
    }

    #[test]
    fn what_cannot_be_right_is_told() {
        check(&Value::Null, "it has no list of ranges");
        check(&json!("140.82.112.0/20"), "it has no list of ranges");
        check(&json!([]), "its list of ranges is empty");
        check(&json!([14]), "it has no list of ranges");
        check(&json!(["140.82.112.0/20", "hooks\n"]), "\"hooks\\n\" is not a network");
        check(&json!(["140.82.112.0/33"]), "\"140.82.112.0/33\" is not a network");
        check(&json!(["140.0.0.0/7"]), "140.0.0.0/7 is too wide");
        check(&json!(["0.0.0.0/0"]), "0.0.0.0/0 is too wide");
        check(&json!(["2a0a::/15"]), "2a0a::/15 is too wide");
        check(&json!(["20.1.2.0/28"]), "none of its ranges touches those in force");
        check(&json!(vec!["140.82.112.0/20"; 65]), "65 ranges are too many");
    }

    #[test]
    fn networks_beside_the_internet_are_not_githubs() {
        let literals = NOT_PUBLIC_V4.iter().chain(&NOT_PUBLIC_V6).copied();
        let others = ["172.16.0.0/8", "::1", "fe80::/64", "fd00::/16", "::ffff:140.82.112.0/116"];
        for text in literals.chain(others) {
            let judged = judge(&json!(["140.82.112.0/20", text]), &built_in());
            let refused =
                matches!(judged, Err(Implausible::NotPublic(_) | Implausible::TooWide(_)));
            assert!(refused, "{text}: {judged:?}");
        }
    }

    #[test]
    fn where_none_are_in_force_the_first_plausible_answer_is_taken() {
        assert!(judge(&json!(["20.1.2.0/28"]), &[]).is_ok());
        assert!(judge(&json!(["10.0.0.0/8"]), &[]).is_err());
    }
}
