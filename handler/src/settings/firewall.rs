//! Reads the settings of the firewall and of the access restrictions.

use ipnet::IpNet;
use url::Url;

use super::reader::{Reader, is_loopback};
use super::{GITHUB_API, WITHOUT_WEBHOOKS, reconciliation};
use crate::firewall::function_app::{FunctionAppId, NotAFunctionApp};
use crate::firewall::published::is_too_large;
use crate::firewall::ranges::{built_in, hook_ranges, networks};
use crate::firewall::{Firewall, HookRanges, HookSource};
use crate::polling::DemandSource;

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
    warn_of_open_ranges(reader, "OperatorRanges", &operators);
    let first = Firewall { hooks: source.first(), operators };
    let id = |text: &str| text.parse().map_err(|err: NotAFunctionApp| err.to_string());
    let app = reader.optional_by("FunctionAppResourceId", id);
    FirewallSettings {
        source,
        first,
        app,
        management: reader.url_or("AzureManagementUrl", MANAGEMENT),
    }
}

fn hook_source(reader: &mut Reader) -> HookSource {
    if reconciliation::demand(reader) == DemandSource::Polling {
        reader.warn_if_set("GithubHookRanges", WITHOUT_WEBHOOKS);
        reader.warn_if_set("FunctionAppResourceId", WITHOUT_WEBHOOKS);
        return HookSource::Listed(HookRanges::Networks(Vec::new()));
    }
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
        Some(_) => {
            let ranges = reader.optional_by("GithubHookRanges", hook_ranges);
            match &ranges {
                Some(HookRanges::Networks(networks)) => {
                    warn_of_open_ranges(reader, "GithubHookRanges", networks);
                }
                Some(HookRanges::Any) if !is_loopback(&api) => {
                    reader.warn(
                        "GithubHookRanges",
                        "admits any address: list the networks of your GitHub",
                    );
                }
                _ => {}
            }
            HookSource::Listed(ranges.unwrap_or(HookRanges::Any))
        }
    }
}

fn warn_of_open_ranges(reader: &mut Reader, setting: &'static str, networks: &[IpNet]) {
    if let Some(network) = networks.iter().find(|network| is_too_large(network)) {
        let problem =
            format!("admits {network}, a large part of the internet: list single networks");
        reader.warn(setting, problem);
    }
}
