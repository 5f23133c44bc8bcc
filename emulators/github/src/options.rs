//! Options of an emulated GitHub.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use emulator_core::service::{Request, origin};
use emulator_core::transport::{self, Transport};

use crate::dto::Base;

/// Options of an emulated GitHub.
pub struct Options {
    /// The personal access token that the API accepts.
    pub token: String,
    /// The seed of all random choices.
    pub seed: u64,
    /// How long an online runner may idle until it is removed; `None` means forever.
    pub idle_removal: Option<Duration>,
    /// How long a runner has to accept a job before the job is queued again.
    pub requeue: Duration,
    /// The base URL for runners and links, without a trailing slash; `None` means the URL of each request.
    ///
    /// Webhook payloads use it as well. Without it their URLs point to github.com, so that clients cannot
    /// follow them to this emulator.
    pub public_url: Option<String>,
    /// Repository owners that are users; all others are organizations.
    pub personal_accounts: BTreeSet<String>,
    /// The enterprise that owns all organizations.
    pub enterprise: Option<String>,
    /// The source ranges of webhooks in `GET /meta`.
    pub hook_ranges: Vec<String>,
    /// The limit of API requests per hour.
    pub rate_limit: u32,
    /// Whether the secondary rate limits apply: points a minute, and requests at the same time.
    pub secondary_limits: bool,
    /// The oldest version of the runner that receives jobs.
    pub minimum_version: Option<String>,
    /// The request that rejects an older version.
    pub version_check: VersionCheck,
    /// The transport of webhook deliveries.
    pub transport: Transport,
}

/// The request that rejects a runner version that is too old; GitHub was observed to reject at each of these.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionCheck {
    /// The first request for a message.
    #[default]
    Message,
    /// The opening of the session: 403 without a reason.
    Session,
    /// The registration with a token: 404 with a text.
    Registration,
}

impl Options {
    /// Makes options for a token and a seed: no removal of idle runners, 60 s to accept a job,
    /// 5,000 requests an hour, webhooks from this machine over HTTP.
    pub fn new(token: &str, seed: u64) -> Self {
        Self {
            token: token.to_owned(),
            seed,
            idle_removal: None,
            requeue: Duration::from_secs(60),
            public_url: None,
            personal_accounts: BTreeSet::new(),
            enterprise: None,
            hook_ranges: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
            rate_limit: 5000,
            secondary_limits: true,
            minimum_version: None,
            version_check: VersionCheck::default(),
            transport: transport::http(),
        }
    }

    /// Returns whether runners of this version are rejected at this check.
    pub(crate) fn rejects_version(&self, at: VersionCheck, version: &str) -> bool {
        let minimum = self.minimum_version.as_deref().unwrap_or_default();
        self.version_check == at && version_numbers(version) < version_numbers(minimum)
    }

    /// Returns the base URLs of webhook payloads.
    pub(crate) fn payload_base(&self) -> Base {
        match &self.public_url {
            Some(url) => Base { api: url.clone(), web: url.clone() },
            None => Base {
                api: "https://api.github.com".to_owned(),
                web: "https://github.com".to_owned(),
            },
        }
    }

    /// Returns the base URLs of the response to a request.
    pub(crate) fn response_base(&self, request: &Request) -> Base {
        let web = self.public_url.clone().unwrap_or_else(|| origin(request));
        let prefix = if request.uri().path().starts_with("/api/v3") { "/api/v3" } else { "" };
        Base { api: format!("{web}{prefix}"), web }
    }
}

fn version_numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}
