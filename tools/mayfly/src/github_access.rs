//! Access to GitHub with the credential of options.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use handler::clock::Clock;
use handler::github::{Github, GithubError};
use handler::settings::GithubSettings;
use handler::transport::{HttpTransport, http_client};

use crate::cli::Credential;
use crate::client::read_secret;

/// Returns the handler's settings for a credential; reads its file.
pub(crate) fn credential(options: &Credential) -> anyhow::Result<BTreeMap<String, String>> {
    let values = match (&options.token_file, &options.app_id, &options.app_key_file) {
        (Some(file), ..) => vec![("GithubToken", read_secret(file)?)],
        (None, Some(id), Some(key)) => vec![
            ("GithubToken", String::new()),
            ("GithubAppId", id.clone()),
            ("GithubAppPrivateKey", read_secret(key)?),
        ],
        _ => bail!("authenticate: use --token-file, or --app-id with --app-key-file"),
    };
    Ok(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Creates a client. Sends nothing yet.
pub(crate) fn client(settings: &GithubSettings) -> anyhow::Result<Github> {
    let client = http_client(None).context("create an HTTP client")?;
    Ok(Github::new(settings, HttpTransport::http(client), Clock::system()))
}

/// Explains an error to someone who chose the credential with an option.
pub(crate) fn explain(err: GithubError) -> anyhow::Error {
    match &err {
        // Here an option takes the place of the setting.
        GithubError::Refused(refusal) => {
            anyhow!("{}", refusal.report().replace("setting GithubToken", "--token-file"))
        }
        GithubError::NotFound { .. } => anyhow!(
            "GitHub shows it no such repository with runners: check the name, and that the credential may administer it"
        ),
        _ => anyhow!(err),
    }
}
