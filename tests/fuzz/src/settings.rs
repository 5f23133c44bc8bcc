//! The application settings, with any mistake.

use std::collections::BTreeMap;

use handler::settings::Settings;

/// Valid settings, which the input changes.
const VALID: [(&str, &str); 11] = [
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
    ("BatchAccountUrl", "https://mayfly.westeurope.batch.azure.com"),
    ("BatchAccountName", "mayfly"),
    ("ContainerRegistryServer", "mayfly.azurecr.io"),
    ("GithubToken", "ghp_valid"),
    ("GithubWebhookSecret", "valid-webhook-secret"),
    ("TicketKey", "valid-ticket-key"),
    ("RunnerQueueUrl", "https://mayfly.queue.core.windows.net/runner-requests"),
    ("StateContainerUrl", "https://mayfly.blob.core.windows.net/mayfly-state"),
    ("ClaimUrl", "https://mayfly.azurewebsites.net/api/ClaimRunner"),
    ("AllowedRepositories", "octo/*"),
];
/// Settings whose values no error may contain.
const SECRETS: [&str; 5] =
    ["GithubToken", "GithubAppPrivateKey", "GithubWebhookSecret", "TicketKey", "BatchAccountKey"];

/// Checks the settings reader. The input is lines of `Name=value`.
///
/// # Panics
/// Panics if an error contains a secret, or the valid settings are rejected.
pub fn settings(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut given: BTreeMap<&str, &str> = VALID.into_iter().collect();
    given.extend(text.split('\n').filter_map(|line| line.split_once('=')));
    let read = Settings::read(|name| given.get(name).map(|&value| value.to_owned()));
    let Err(faults) = read else { return };
    let error = faults.to_string();
    assert!(text.contains('='), "valid settings were rejected: {error}");
    for name in SECRETS {
        let value = given.get(name).map_or("", |value| value.trim());
        // The text of an error may contain a short value by chance.
        assert!(value.len() < 24 || !error.contains(value), "the error contains {name}: {error}");
    }
}
