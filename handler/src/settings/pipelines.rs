//! Reads the settings for Azure Pipelines.

use url::Url;

use super::reader::{Reader, is_loopback};
use super::{PipelinesCredential, PipelinesSettings};
use crate::firewall::HookRanges;
use crate::firewall::ranges::{azure_devops, hook_ranges};
use crate::profiles::{AGENT_VERSION, PipelinesProfile, Profiles, parse_all};
use crate::secret::Secret;

const URL: &str = "AzureDevOpsUrl";
/// The names of the article's system, which are read if the present ones are not set.
const FORMER_URL: &str = "AzDOUrl";
const FORMER_TOKEN: &str = "AzDOToken";
const FORMER_POOLS: [(&str, bool); 2] = [("AzDOUbuntuPool", false), ("AzDOWindowsPool", true)];
/// Settings that have no effect without the URL.
const OTHERS: [&str; 4] =
    ["AzureDevOpsToken", "AzureDevOpsHookPassword", "AzureDevOpsHookHeader", "AzureDevOpsRanges"];

impl PipelinesSettings {
    /// Returns whether an event of a service hook can be authenticated.
    pub fn receives_events(&self) -> bool {
        self.hook_password.is_some() || self.hook_header.is_some()
    }
}

/// Reads the settings; `None` if Azure Pipelines is not served.
pub(super) fn read(reader: &mut Reader) -> Option<PipelinesSettings> {
    let profiles = profiles(reader);
    let Some(organization) = organization(reader) else {
        if let Some(profile) = profiles.first() {
            let fault = format!(
                "is missing: profile {:?} of RunnerProfiles has service pipelines; set the URL of the organization, such as https://dev.azure.com/contoso",
                profile.name
            );
            reader.fault(URL, fault);
        }
        for other in OTHERS {
            reader.warn_if_set(other, "has no effect without AzureDevOpsUrl");
        }
        return None;
    };
    if profiles.is_empty() {
        let fault = "has no profile with service pipelines, which AzureDevOpsUrl needs: add one, or remove AzureDevOpsUrl";
        reader.fault("RunnerProfiles", fault);
    }
    let token = former(reader, "AzureDevOpsToken", FORMER_TOKEN);
    let password = hook_secret(reader, "AzureDevOpsHookPassword");
    let header = hook_secret(reader, "AzureDevOpsHookHeader");
    Some(PipelinesSettings {
        credential: match token {
            Some(token) => PipelinesCredential::Token(Secret::new(token)),
            None => PipelinesCredential::Identity,
        },
        hook_password: password,
        hook_header: header,
        hook_ranges: ranges(reader, &organization),
        organization,
        profiles,
    })
}

fn profiles(reader: &mut Reader) -> Vec<PipelinesProfile> {
    let Profiles { pipelines, .. } =
        reader.optional_by("RunnerProfiles", parse_all).unwrap_or_default();
    if !pipelines.is_empty() {
        return pipelines;
    }
    let pools = FORMER_POOLS.map(|(setting, windows)| {
        let pool = reader.optional(setting)?;
        reader.warn(
            setting,
            "is the name of another system: add a profile with service pipelines to RunnerProfiles instead",
        );
        Some(former_profile(reader, &pool, windows))
    });
    pools.into_iter().flatten().collect()
}

fn former_profile(reader: &mut Reader, pipelines_pool: &str, windows: bool) -> PipelinesProfile {
    let (name, setting, pool, image) = match windows {
        true => ("azdo-windows", "WindowsPool", "windows", "windows-ltsc2022"),
        false => ("azdo-ubuntu", "UbuntuPool", "ubuntu", "ubuntu-24.04"),
    };
    let pool = reader.or(setting, pool);
    let image = format!("pipelines-agent:{image}-{AGENT_VERSION}");
    PipelinesProfile::new(name, pipelines_pool, (&pool, &image), windows)
}

/// Reads a setting that another system calls otherwise.
fn former(reader: &mut Reader, setting: &'static str, former: &'static str) -> Option<String> {
    if let Some(value) = reader.optional(setting) {
        return Some(value);
    }
    let value = reader.optional(former)?;
    reader.warn(former, format!("is read as {setting}: rename it"));
    Some(value)
}

fn organization(reader: &mut Reader) -> Option<Url> {
    let text = former(reader, "AzureDevOpsUrl", FORMER_URL)?;
    let url = reader.parse_url(URL, &text);
    let has_path = url.path().trim_matches('/').split('/').filter(|part| !part.is_empty()).count();
    let host = url.host_str().unwrap_or_default();
    let is_right = match host {
        "dev.azure.com" => has_path == 1,
        host if host.ends_with(".visualstudio.com") => has_path == 0,
        // A fault of the URL was recorded already; a collection of a server has one segment or more.
        _ => true,
    };
    if !is_right {
        let fault = "must be the URL of the organization, without a project, such as https://dev.azure.com/contoso";
        reader.fault(URL, fault);
    }
    Some(url)
}

/// Reads a secret of the service hook. Its fields accept no blanks and at most 256 characters.
/// <https://learn.microsoft.com/azure/devops/service-hooks/consumers#web-hooks>
fn hook_secret(reader: &mut Reader, setting: &str) -> Option<crate::secret::Rotating> {
    reader.optional(setting)?;
    Some(reader.rotating(setting))
}

fn ranges(reader: &mut Reader, organization: &Url) -> HookRanges {
    let given = reader.optional_by("AzureDevOpsRanges", hook_ranges);
    if given == Some(HookRanges::Any) && !is_loopback(organization) {
        reader.warn(
            "AzureDevOpsRanges",
            "admits any address: list the networks from which your Azure DevOps sends events",
        );
    }
    given.unwrap_or_else(|| HookRanges::Networks(azure_devops()))
}
