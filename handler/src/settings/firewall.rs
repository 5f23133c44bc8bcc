//! Reads the settings of the firewall and of the access restrictions.

use std::net::IpAddr;

use url::{Host, Url};

use super::GITHUB_API;
use super::reader::Reader;
use crate::firewall::function_app::{FunctionAppId, NotAFunctionApp};
use crate::firewall::ranges::{built_in, hook_ranges, networks};
use crate::firewall::{Firewall, HookRanges, HookSource};

const MANAGEMENT: &str = "https://management.azure.com/";

/// The admitted addresses, and the app whose access restrictions are maintained.
#[derive(Clone, Debug)]
pub struct FirewallSettings {
    /// The source of the webhook ranges.
    pub source: HookSource,
    /// The firewall with which a process starts.
    pub first: Firewall,
    /// The app whose access restrictions are maintained, if any.
    pub app: Option<FunctionAppId>,
    /// The URL of Azure's management API.
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
    let api = reader.url_or("GithubApiUrl", GITHUB_API);
    let given = reader.optional("GithubHookRanges");
    let built_in = if api.as_str() == GITHUB_API { built_in() } else { Vec::new() };
    match given.as_deref() {
        None if api.as_str() != GITHUB_API => {
            let advice = "is required with this GithubApiUrl: the networks from which your GitHub sends webhooks, or meta if it publishes them";
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

/// Reads the URL of the management API. The identity's token is sent there, so it must be https.
fn management(reader: &mut Reader) -> Url {
    let url = reader.url_or("AzureManagementUrl", MANAGEMENT);
    let local = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        _ => false,
    };
    if url.scheme() != "https" && !local {
        reader.fault("AzureManagementUrl", "must be an https URL");
    }
    url
}
