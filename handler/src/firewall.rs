//! Decides by its source address whether a delivery can come from GitHub.
//!
//! This is the second gate behind the platform's access restrictions, and the signature is the third:
//! every GitHub user's webhooks leave from the same ranges.

use std::net::{IpAddr, SocketAddr};

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

/// A delivery is not from an address that may deliver.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The address is outside of the ranges.
    #[error("{0} is not in GitHub's webhook ranges")]
    Foreign(IpAddr),
    /// There is no address: the request did not come through the Functions front end.
    #[error("the source address is unknown")]
    Unknown,
}

impl HookRanges {
    /// The ranges built in at release.
    pub fn published() -> Self {
        let network = |text: &str| text.parse().expect("a literal that a test parses");
        Self::Networks(PUBLISHED.iter().map(|text| network(text)).collect())
    }

    /// Reads `any`, or networks in CIDR notation with commas or spaces between them.
    ///
    /// # Errors
    /// The first part that is not a network, or an empty list.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("any") {
            return Ok(Self::Any);
        }
        let parts = text.split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
        let networks: Vec<IpNet> = parts
            .map(|part| {
                part.parse()
                    .map_err(|_| format!("{part:?} is not a network such as 192.30.252.0/22"))
            })
            .collect::<Result<_, _>>()?;
        if networks.is_empty() {
            return Err("names no network".to_owned());
        }
        Ok(Self::Networks(networks))
    }

    /// Admits a request by its `X-Forwarded-For` header.
    ///
    /// # Errors
    /// [`Refused`] where the address is missing, unreadable or foreign.
    pub fn admit(&self, forwarded_for: Option<&str>) -> Result<(), Refused> {
        let Self::Networks(networks) = self else { return Ok(()) };
        let source = forwarded_for.and_then(source_address).ok_or(Refused::Unknown)?;
        if networks.iter().any(|network| network.contains(&source)) {
            Ok(())
        } else {
            Err(Refused::Foreign(source))
        }
    }
}

/// Reads the address that the Functions front end saw: the right-most entry.
///
/// The front end appends `ip:port`; what stands to the left of it came from the client and may be forged.
fn source_address(forwarded_for: &str) -> Option<IpAddr> {
    let seen = forwarded_for.rsplit(',').next()?.trim();
    let address = seen
        .parse::<SocketAddr>()
        .map(|with_port| with_port.ip())
        .or_else(|_| seen.trim_matches(['[', ']']).parse())
        .ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(forwarded_for: Option<&str>, expect: Result<(), Refused>) {
        assert_eq!(HookRanges::published().admit(forwarded_for), expect, "{forwarded_for:?}");
    }

    #[test]
    fn only_the_right_most_address_counts() {
        let foreign = |text: &str| Err(Refused::Foreign(text.parse().expect("an address")));
        check(Some("140.82.115.7:43210"), Ok(()));
        check(Some("203.0.113.9, 140.82.115.7"), Ok(()));
        check(Some("140.82.115.7, 203.0.113.9:55"), foreign("203.0.113.9"));
        check(Some("[2606:50c0::1]:443"), Ok(()));
        check(Some("2a0a:a440::5"), Ok(()));
        check(Some("::ffff:140.82.115.7"), Ok(()));
        check(Some("140.82.115.7,"), Err(Refused::Unknown));
        check(Some("unknown"), Err(Refused::Unknown));
        check(None, Err(Refused::Unknown));
    }

    #[test]
    fn ranges_are_networks_or_any() {
        assert_eq!(HookRanges::parse(" any "), Ok(HookRanges::Any));
        assert_eq!(HookRanges::Any.admit(None), Ok(()));
        assert!(HookRanges::parse("127.0.0.1/32, ::1/128").is_ok());
        assert!(HookRanges::parse("localhost").expect_err("a name").contains("localhost"));
        assert!(HookRanges::parse(" , ").is_err());
    }
}
