//! Decides by its source address whether a request can come from those who may call a function.
//!
//! This is the second gate behind the platform's access restrictions, which apply to all functions alike,
//! and for webhooks the signature is the third: every GitHub user's webhooks leave from the same ranges.
//!
//! [`plan`] keeps both gates to what GitHub publishes: [`published`] judges GitHub's answer, [`kept`] is
//! the form in which the ranges travel from process to process, [`restrictions`] are the platform's rules.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

pub mod ranges;
pub mod published;
pub mod kept;
pub mod function_app;
pub mod restrictions;
pub mod plan;

pub use ranges::{HookRanges, HookSource};

/// Those who may call a function.
///
/// ClaimRunner has none here: through a service endpoint the app sees an address of the platform's own
/// instead of the pool's, so that a platform rule and the ticket are its gates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Audience {
    /// GitHub, with its webhooks.
    Github,
    /// The persons who run the deployment.
    Operators,
}

/// The addresses of each audience.
#[derive(Clone, Debug, PartialEq)]
pub struct Firewall {
    /// Where GitHub's webhooks come from.
    pub hooks: HookRanges,
    /// Where operators come from; empty: nobody is one.
    pub operators: Vec<IpNet>,
}

/// A request is not from an address that may call.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The address is outside of the audience's ranges.
    #[error("{address} is not in {audience}")]
    Foreign {
        /// Where the request came from.
        address: IpAddr,
        /// Who may call.
        audience: Audience,
    },
    /// There is no address: the request did not come through the Functions front end.
    #[error("the source address is unknown")]
    Unknown,
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Github => "GitHub's webhook ranges",
            Self::Operators => "the ranges of setting OperatorRanges",
        })
    }
}

impl Firewall {
    /// Admits a request by its `X-Forwarded-For` header.
    ///
    /// # Errors
    /// [`Refused`] where the address is missing, unreadable or foreign.
    pub fn admit(&self, audience: Audience, forwarded_for: Option<&str>) -> Result<(), Refused> {
        let networks = match (audience, &self.hooks) {
            (Audience::Github, HookRanges::Any) => return Ok(()),
            (Audience::Github, HookRanges::Networks(networks)) => networks,
            (Audience::Operators, _) => &self.operators,
        };
        let source = match audience {
            Audience::Github => sender,
            Audience::Operators => right_most,
        };
        let address = forwarded_for.and_then(source).ok_or(Refused::Unknown)?;
        if networks.iter().any(|network| network.contains(&address)) {
            Ok(())
        } else {
            Err(Refused::Foreign { address, audience })
        }
    }
}

/// Reads the address that the Functions front end saw: the right-most entry.
///
/// The front end appends `ip:port`; what stands to the left of it came from the client and may be forged.
fn right_most(forwarded_for: &str) -> Option<IpAddr> {
    address(forwarded_for.rsplit(',').next()?)
}

/// Reads the address from which a delivery came: the right-most entry that is an address of the internet.
///
/// That the front end's entry is the right-most is seen on App Service; for Flex Consumption it is documented
/// nowhere, and a further hop within the platform would append an inner address. A caller within the network could
/// forge what stands to the left of its own address, and still needs the webhook's secret. An operator's function
/// has no signature behind this gate, so it keeps to the right-most entry.
fn sender(forwarded_for: &str) -> Option<IpAddr> {
    let mut entries = forwarded_for.rsplit(',').map(address);
    let right_most = entries.next()??;
    if !is_inner(right_most) {
        return Some(right_most);
    }
    match entries.find(|entry| entry.is_none_or(|address| !is_inner(address))) {
        Some(first_outer) => first_outer,
        None => Some(right_most),
    }
}

/// Returns whether an address is one of a private network, of a provider's own, of a link or of the machine.
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn address(entry: &str) -> Option<IpAddr> {
    let seen = entry.trim();
    let bare = seen.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(seen);
    let address = seen
        .parse::<SocketAddr>()
        .map(|with_port| with_port.ip())
        .or_else(|_| bare.parse())
        .ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(audience: Audience, forwarded_for: Option<&str>, expect: &str) {
        let hooks = HookRanges::Networks(ranges::built_in());
        let operators = vec!["203.0.113.0/28".parse().expect("a network")];
        let admitted = Firewall { hooks, operators }.admit(audience, forwarded_for);
        let told = admitted.map_or_else(|refused| refused.to_string(), |()| "admitted".to_owned());
        assert_eq!(told, expect, "{forwarded_for:?}");
    }

    #[test]
    fn only_the_right_most_address_counts() {
        let github = |forwarded_for, expect| check(Audience::Github, forwarded_for, expect);
        github(Some("140.82.115.7:43210"), "admitted");
        github(Some("203.0.113.9, 140.82.115.7"), "admitted");
        let foreign = "203.0.113.9 is not in GitHub's webhook ranges";
        github(Some("140.82.115.7, 203.0.113.9:55"), foreign);
        github(Some("[2606:50c0::1]:443"), "admitted");
        github(Some("2a0a:a440::5"), "admitted");
        github(Some("::ffff:140.82.115.7"), "admitted");
        github(Some("140.82.115.7,"), "the source address is unknown");
        github(Some("unknown"), "the source address is unknown");
        github(None, "the source address is unknown");
    }

    #[test]
    fn inner_hops_behind_the_front_end_are_skipped_for_deliveries_alone() {
        let github =
            |forwarded_for: &str, expect| check(Audience::Github, Some(forwarded_for), expect);
        for inner in ["10.0.0.4:80", "172.31.0.1", "192.168.1.1:5", "127.0.0.1:80", "169.254.1.1"] {
            github(&format!("140.82.115.7:43210, {inner}"), "admitted");
        }
        github("140.82.115.7:443, 100.64.0.9, [fd00::1]:443, ::1, fe80::1", "admitted");
        github("140.82.115.7:443, ::ffff:10.0.0.4", "admitted");
        let foreign = "203.0.113.9 is not in GitHub's webhook ranges";
        github("140.82.115.7, 203.0.113.9:55, 10.0.0.4", foreign);
        github("140.82.115.7, unknown, 10.0.0.4", "the source address is unknown");
        github("140.82.115.7, , 10.0.0.4", "the source address is unknown");
        github("10.0.0.5, 10.0.0.4:80", "10.0.0.4 is not in GitHub's webhook ranges");
        github("140.82.115.7, 172.32.0.1", "172.32.0.1 is not in GitHub's webhook ranges");
        let inner = "10.0.0.4 is not in the ranges of setting OperatorRanges";
        check(Audience::Operators, Some("203.0.113.9:55, 10.0.0.4"), inner);
    }

    #[test]
    fn an_audience_does_not_open_the_function_of_another() {
        check(Audience::Operators, Some("203.0.113.9:55"), "admitted");
        let github = "140.82.115.7 is not in the ranges of setting OperatorRanges";
        check(Audience::Operators, Some("140.82.115.7:43210"), github);
    }

    #[test]
    fn any_deliverer_is_no_operator_and_no_range_is_nobody() {
        let firewall = Firewall { hooks: HookRanges::Any, operators: Vec::new() };
        assert_eq!(firewall.admit(Audience::Github, None), Ok(()));
        assert!(firewall.admit(Audience::Operators, Some("127.0.0.1:80")).is_err());
    }
}
