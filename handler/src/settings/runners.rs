//! Reads the settings for runners.

use url::Url;

use super::reader::Reader;
use super::{Registration, RunnerSettings};
use crate::repository::AllowedRepositories;
use crate::task::{Network, RunnerEnvironment};

/// Hosts that are never reached through a proxy: the node itself, and Azure's services for virtual machines.
/// <https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16>
const ALWAYS_DIRECT: &str = "localhost,127.0.0.1,169.254.169.254,168.63.129.16";

pub(super) fn read(reader: &mut Reader, allowed: &AllowedRepositories) -> RunnerSettings {
    let registration = match reader.or("RunnerRegistration", "jit").as_str() {
        "jit" => {
            let host = reader.optional("WEBSITE_HOSTNAME");
            let own = host.map(|host| format!("https://{host}/api/ClaimRunner"));
            Registration::Jit { claim_url: reader.url_or_derived("ClaimUrl", own) }
        }
        "token" => Registration::Token,
        _ => {
            reader.fault("RunnerRegistration", "must be jit or token");
            Registration::Token
        }
    };
    let runner_environment = RunnerEnvironment {
        registry: reader.required("ContainerRegistryServer"),
        group: reader.or("RunnerGroup", "Default"),
        allowed_repositories: allowed.globs(),
        max_job_hours: reader.number("MaxJobHours", 24, 1..=120),
        network: network(reader, &registration),
    };
    let deployment = reader.optional_by("DeploymentName", str::parse);
    RunnerSettings {
        deployment: deployment
            .unwrap_or_else(|| "gh".parse().expect("the default is a deployment name")),
        registration,
        runner_environment,
        ticket_key: reader.rotating("TicketKey"),
    }
}

fn network(reader: &mut Reader, registration: &Registration) -> Network {
    let claim_host = match registration {
        Registration::Jit { claim_url } => claim_url.host_str().map(str::to_owned),
        Registration::Token => None,
    };
    let own = [ALWAYS_DIRECT.to_owned()].into_iter().chain(claim_host);
    Network {
        https_proxy: reader.optional_by("HttpsProxy", proxy),
        no_proxy: own.collect::<Vec<_>>().join(","),
        extra_ca_certificates: reader.optional("ExtraCaCertificates"),
    }
}

/// Parses the proxy's URL. It becomes part of each task, where a password could be read.
fn proxy(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.filter(Url::has_host).ok_or("is not a URL such as http://proxy:3128")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or a password: the URL is part of every task");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
