//! The resources for which a token is issued. Entra knows those that have a service principal in the tenant.
//!
//! <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/services-id-authentication-support>

use http::Uri;

/// The resources of Azure services, without a slash at the end.
const SERVICES: [&str; 15] = [
    // Azure DevOps has no address as its resource, but the id of its application.
    "499b84ac-1321-427f-aa17-267ca6975798",
    "https://batch.chinacloudapi.cn",
    "https://batch.core.usgovcloudapi.net",
    "https://batch.core.windows.net",
    "https://database.windows.net",
    "https://graph.microsoft.com",
    "https://management.azure.com",
    "https://management.chinacloudapi.cn",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
    "https://monitor.azure.com",
    "https://servicebus.azure.net",
    "https://storage.azure.com",
    "https://vault.azure.net",
    "https://vault.usgovcloudapi.net",
];

/// The hosts of storage accounts, each of which is a resource of its own.
const ACCOUNTS: [&str; 3] =
    [".blob.core.windows.net", ".queue.core.windows.net", ".table.core.windows.net"];

/// Returns whether a token is issued for a resource.
///
/// An address of this machine is that of another emulator, which stands for a cloud with its own addresses.
pub(crate) fn is_known(resource: &str) -> bool {
    let name = resource.strip_suffix('/').unwrap_or(resource);
    if SERVICES.iter().any(|service| service.eq_ignore_ascii_case(name)) {
        return true;
    }
    let Ok(uri) = name.parse::<Uri>() else { return false };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
    let is_account =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|name| !name.is_empty());
    let is_of_account = scheme == "https" && ACCOUNTS.iter().any(is_account);
    is_of_account || ["127.0.0.1", "localhost", "[::1]"].contains(&host)
}

/// Returns Entra's message about a resource that it does not know.
pub(crate) fn unknown_message(resource: &str, tenant: &str) -> String {
    format!(
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_azure_services_and_emulators_are_resources() {
        for known in [
            "https://storage.azure.com",
            "https://storage.azure.com/",
            "499b84ac-1321-427f-aa17-267ca6975798",
            "https://mayfly.queue.core.windows.net",
            "https://BATCH.core.windows.net/",
            "http://127.0.0.1:7070",
        ] {
            assert!(is_known(known), "{known}");
        }
        for unknown in [
            "nonsense",
            "https://storage.azure.com//",
            "http://storage.azure.com",
            "https://storage.azure.com.example",
            "https://.queue.core.windows.net",
            "api://mayfly",
            "",
        ] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }
}
