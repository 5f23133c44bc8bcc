//! The source address of a request in `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};

use handler::firewall::ranges::{HookRanges, built_in};
use handler::firewall::{Audience, Firewall};
use ipnet::IpNet;

/// Checks the firewall. The input is the value of `X-Forwarded-For`.
///
/// # Panics
/// Panics if a request is admitted and the last address of the header is not in the ranges.
pub fn forwarded_for(input: &[u8]) {
    let Ok(header) = std::str::from_utf8(input) else { return };
    let hooks = built_in();
    let operators: Vec<IpNet> = vec!["203.0.113.0/28".parse().expect("a network")];
    let firewall =
        Firewall { hooks: HookRanges::Networks(hooks.clone()), operators: operators.clone() };
    for (audience, ranges) in [(Audience::Github, hooks), (Audience::Operators, operators)] {
        match firewall.admit(audience, Some(header)) {
            Ok(()) => assert!(ends_in(header, &ranges), "{audience} admitted {header:?}"),
            Err(refused) => crate::assert_loggable(&refused.to_string()),
        }
    }
}

/// Returns whether the last address of the header is in the ranges. Not the handler's implementation.
fn ends_in(header: &str, ranges: &[IpNet]) -> bool {
    let last = &header[header.rfind(',').map_or(0, |comma| comma + 1)..];
    let last = last.trim();
    let in_brackets = last.len() > 2 && last.starts_with('[') && last.ends_with(']');
    let bare = if in_brackets { &last[1..last.len() - 1] } else { last };
    let address: Option<IpAddr> =
        last.parse::<SocketAddr>().map(|socket| socket.ip()).ok().or_else(|| bare.parse().ok());
    let mapped = |address: IpAddr| match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    address.is_some_and(|address| ranges.iter().any(|range| range.contains(&mapped(address))))
}
