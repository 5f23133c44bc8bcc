//! The application settings, as somebody may have mistyped them.

use std::collections::BTreeMap;

use handler::settings::Settings;

/// What is put where the input says nothing of it: a deployment that starts.
const SOUND: [(&str, &str); 11] = [
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
    ("BatchAccountUrl", "https://mayfly.westeurope.batch.azure.com"),
    ("BatchAccountName", "mayfly"),
    ("ContainerRegistryServer", "mayfly.azurecr.io"),
    ("GithubToken", "ghp_sound"),
    ("GithubWebhookSecret", "sound-secret"),
    ("TicketKey", "sound-ticket-key"),
    ("RunnerQueueUrl", "https://mayfly.queue.core.windows.net/runner-requests"),
    ("StateContainerUrl", "https://mayfly.blob.core.windows.net/mayfly-state"),
    ("ClaimUrl", "https://mayfly.azurewebsites.net/api/ClaimRunner"),
    ("AllowedRepositories", "octo/*"),
];
/// What no error may show.
const SECRET: [&str; 5] =
    ["GithubToken", "GithubAppPrivateKey", "GithubWebhookSecret", "TicketKey", "BatchAccountKey"];

/// The input is lines of `Name=value`.
///
/// # Panics
/// When an error shows a secret, or the sound settings are refused.
pub fn settings(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut given: BTreeMap<&str, &str> = SOUND.into_iter().collect();
    given.extend(text.split('\n').filter_map(|line| line.split_once('=')));
    let read = Settings::read(|name| given.get(name).map(|&value| value.to_owned()));
    let Err(faults) = read else { return };
    let told = faults.to_string();
    assert!(text.contains('='), "sound settings were refused: {told}");
    for name in SECRET {
        let value = given.get(name).map_or("", |value| value.trim());
        // A short one may stand in the error's own words.
        assert!(value.len() < 24 || !told.contains(value), "{name} is told: {told}");
    }
}
