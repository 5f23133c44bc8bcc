//! Reads the settings of the firewall and of the rules that it keeps.

use std::net::IpAddr;

use url::{Host, Url};

use super::GITHUB_API;
use super::reader::Reader;
use crate::firewall::function_app::{FunctionAppId, NotAFunctionApp};
use crate::firewall::ranges::{built_in, hook_ranges, networks};
use crate::firewall::{Firewall, HookRanges, HookSource};

const MANAGEMENT: &str = "https://management.azure.com/";

/// Who may call, and where that is kept besides.
#[derive(Clone, Debug)]
pub struct FirewallSettings {
    /// Where the ranges of webhooks come from.
    pub source: HookSource,
    /// What holds from the start.
    pub first: Firewall,
    /// The app whose access restrictions follow; none are touched where there is none.
    pub app: Option<FunctionAppId>,
    /// Azure's management API.
    pub management: Url,
}

pub(super) fn firewall(reader: &mut Reader) -> FirewallSettings {
    let source = hook_source(reader);
    let operators = reader.optional_by("OperatorRanges", networks).unwrap_or_default();
    let first = Firewall { hooks: source.first(), operators };
    let id = |text: &str| text.parse().map_err(|err: NotAFunctionApp| err.to_string());
    let app = reader.optional_by("FunctionAppResourceId", id);
    FirewallSettings { source, first, app, management: management(reader) }
}

fn hook_source(reader: &mut Reader) -> HookSource {
    let api = reader.address_or("GithubApiUrl", GITHUB_API);
    let given = reader.optional("GithubHookRanges");
    let built_in = if api.as_str() == GITHUB_API { built_in() } else { Vec::new() };
    match given.as_deref() {
        None if api.as_str() != GITHUB_API => {
            let advice = "is needed with this GithubApiUrl: the networks that your GitHub delivers from, or meta where it publishes them";
            reader.fault("GithubHookRanges", advice);
            HookSource::Listed(HookRanges::Any)
        }
        None => HookSource::Published { built_in },
        Some(text) if text.eq_ignore_ascii_case("meta") => HookSource::Published { built_in },
        Some(_) => HookSource::Listed(
            reader.optional_by("GithubHookRanges", hook_ranges).unwrap_or(HookRanges::Any),
        ),
    }
}

/// The identity's token travels to this address.
fn management(reader: &mut Reader) -> Url {
    let url = reader.address_or("AzureManagementUrl", MANAGEMENT);
    let local = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        _ => false,
    };
    if url.scheme() != "https" && !local {
        reader.fault("AzureManagementUrl", "takes an https address");
    }
    url
}
