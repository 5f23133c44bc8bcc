//! Decides by a request's source address whether the caller may call a function.
//!
//! This check comes after the platform's access restrictions, which apply to all functions alike. For webhooks the
//! signature follows as a third check, because the webhooks of every GitHub user come from the same ranges.
//!
//! [`plan`] updates both firewalls to the ranges that GitHub publishes: [`published`] validates GitHub's list,
//! [`stored`] is its format in the blob that all processes read, [`restrictions`] are the platform's rules.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

pub mod ranges;
pub mod published;
pub mod stored;
pub mod function_app;
pub mod restrictions;
pub mod plan;

pub use ranges::{HookRanges, HookSource};

/// A group of callers.
///
/// The runners, which call ClaimRunner, are not among them: through a service endpoint the app sees an address of the
/// platform instead of the pool's, so a rule of the platform and the ticket protect that function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Audience {
    /// GitHub, which sends webhooks.
    Github,
    /// Azure DevOps, which sends events of service hooks.
    AzureDevOps,
    /// The operators of the deployment.
    Operators,
}

/// The addresses of each group of callers.
#[derive(Clone, Debug, PartialEq)]
pub struct Firewall {
    /// The addresses from which GitHub sends webhooks.
    pub hooks: HookRanges,
    /// The addresses of operators. If empty, no address is admitted.
    pub operators: Vec<IpNet>,
}

/// A request does not come from an admitted address.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// The address is not in the ranges of the group.
    #[error("{address} is not in {audience}")]
    Foreign {
        /// The source address.
        address: IpAddr,
        /// The group.
        audience: Audience,
    },
    /// There is no address: the request did not pass Azure's front end.
    #[error("the source address is unknown")]
    Unknown,
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Github => "GitHub's webhook ranges",
            Self::AzureDevOps => "Azure DevOps' ranges (setting AzureDevOpsRanges)",
            Self::Operators => "the ranges of setting OperatorRanges",
        })
    }
}

impl Firewall {
    /// Admits a request by its `X-Forwarded-For` header.
    ///
    /// # Errors
    /// When the address is missing, malformed, or not in the group's ranges.
    pub fn admit(&self, audience: Audience, forwarded_for: Option<&str>) -> Result<(), Rejected> {
        match audience {
            Audience::Github => admit_sender(&self.hooks, audience, forwarded_for),
            // The caller has the ranges of its own setting.
            Audience::AzureDevOps => Err(Rejected::Unknown),
            Audience::Operators => {
                let address = forwarded_for.and_then(right_most).ok_or(Rejected::Unknown)?;
                is_within(&self.operators, address, audience)
            }
        }
    }
}

/// Admits an event of Azure DevOps by its `X-Forwarded-For` header.
///
/// # Errors
/// When the address is missing, malformed, or not in the ranges.
pub fn admit_event(ranges: &HookRanges, forwarded_for: Option<&str>) -> Result<(), Rejected> {
    admit_sender(ranges, Audience::AzureDevOps, forwarded_for)
}

fn admit_sender(
    ranges: &HookRanges,
    audience: Audience,
    forwarded_for: Option<&str>,
) -> Result<(), Rejected> {
    let HookRanges::Networks(networks) = ranges else { return Ok(()) };
    let address = forwarded_for.and_then(sender).ok_or(Rejected::Unknown)?;
    is_within(networks, address, audience)
}

fn is_within(networks: &[IpNet], address: IpAddr, audience: Audience) -> Result<(), Rejected> {
    if networks.iter().any(|network| network.contains(&address)) {
        Ok(())
    } else {
        Err(Rejected::Foreign { address, audience })
    }
}

/// Returns the address that Azure's front end has seen: the right-most entry.
///
/// The front end appends `ip:port`. Entries to the left of it come from the client and may be forged.
pub fn right_most(forwarded_for: &str) -> Option<IpAddr> {
    address(forwarded_for.rsplit(',').next()?)
}

/// Parses the address from which a delivery came: the right-most entry that is a public address.
///
/// On App Service the front end's entry has been observed to be the right-most one. For Flex Consumption this is not
/// documented, and another hop within the platform would append a private address. A caller within the network could
/// forge the entries to the left of its own address, but still needs the webhook's secret. A function for operators
/// has no signature as a second check, so for it only the right-most entry counts.
fn sender(forwarded_for: &str) -> Option<IpAddr> {
    let mut entries = forwarded_for.rsplit(',').map(address);
    let right_most = entries.next()??;
    if !is_private(right_most) {
        return Some(right_most);
    }
    match entries.find(|entry| entry.is_none_or(|address| !is_private(address))) {
        Some(first_public) => first_public,
        None => Some(right_most),
    }
}

/// Returns whether an address is private, shared (carrier-grade NAT), link-local or loopback.
fn is_private(address: IpAddr) -> bool {
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
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = entry
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
        let result =
            admitted.map_or_else(|rejected| rejected.to_string(), |()| "admitted".to_owned());
        assert_eq!(result, expect, "{forwarded_for:?}");
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
    fn private_hops_are_skipped_for_deliveries_only() {
        let github =
            |forwarded_for: &str, expect| check(Audience::Github, Some(forwarded_for), expect);
        for private in ["10.0.0.4:80", "172.31.0.1", "192.168.1.1:5", "127.0.0.1:80", "169.254.1.1"]
        {
            github(&format!("140.82.115.7:43210, {private}"), "admitted");
        }
        github("140.82.115.7:443, 100.64.0.9, [fd00::1]:443, ::1, fe80::1", "admitted");
        github("140.82.115.7:443, ::ffff:10.0.0.4", "admitted");
        let foreign = "203.0.113.9 is not in GitHub's webhook ranges";
        github("140.82.115.7, 203.0.113.9:55, 10.0.0.4", foreign);
        github("140.82.115.7, unknown, 10.0.0.4", "the source address is unknown");
        github("140.82.115.7, , 10.0.0.4", "the source address is unknown");
        github("10.0.0.5, 10.0.0.4:80", "10.0.0.4 is not in GitHub's webhook ranges");
        github("140.82.115.7, 172.32.0.1", "172.32.0.1 is not in GitHub's webhook ranges");
        let private = "10.0.0.4 is not in the ranges of setting OperatorRanges";
        check(Audience::Operators, Some("203.0.113.9:55, 10.0.0.4"), private);
    }

    #[test]
    fn one_group_is_not_admitted_to_the_functions_of_another() {
        check(Audience::Operators, Some("203.0.113.9:55"), "admitted");
        let github = "140.82.115.7 is not in the ranges of setting OperatorRanges";
        check(Audience::Operators, Some("140.82.115.7:43210"), github);
    }

    #[test]
    fn any_webhook_source_does_not_admit_operators() {
        let firewall = Firewall { hooks: HookRanges::Any, operators: Vec::new() };
        assert_eq!(firewall.admit(Audience::Github, None), Ok(()));
        assert!(firewall.admit(Audience::Operators, Some("127.0.0.1:80")).is_err());
    }
}
