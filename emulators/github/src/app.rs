//! Describes GitHub Apps: how one proves itself, where it is installed, and what its tokens may do.
//!
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app>

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use rustls::SignatureScheme;
use rustls::crypto::ring::default_provider;
use serde::{Deserialize, Serialize};

use super::operation::Operation;
use super::scope::Level;

/// A GitHub App, as it is registered and installed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct App {
    /// Its number.
    pub id: u64,
    /// Its client id, which names it as well as its number does.
    pub client_id: String,
    /// Its RSA public key in base64 (DER, PKCS#1).
    pub public_key: String,
    /// The accounts that it is installed on.
    pub installed_on: BTreeSet<String>,
    /// What it may do, such as `{"actions":"read"}`.
    pub permissions: BTreeMap<String, String>,
}

/// An App on an account.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) app: App,
    pub(super) account: String,
    pub(super) created_at: DateTime<Utc>,
}

/// A token of an installation.
#[derive(Clone, Debug)]
pub(super) struct InstallationToken {
    pub(super) account: String,
    pub(super) permissions: BTreeMap<String, String>,
    pub(super) expires_at: DateTime<Utc>,
}

/// What an App claims in the JWT with which it proves itself.
#[derive(Deserialize)]
struct Claims {
    iss: Issuer,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Issuer {
    Number(u64),
    Text(String),
}

/// Finds the App that wrote a JWT.
///
/// # Errors
/// GitHub's words for what is wrong with it.
pub(super) fn writer<'a>(
    jwt: &str,
    apps: &'a [App],
    now: DateTime<Utc>,
) -> Result<&'a App, String> {
    let undecodable = || "A JSON web token could not be decoded".to_owned();
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(undecodable)?;
    let (header, claims) = signed.split_once('.').ok_or_else(undecodable)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| undecodable());
    let header: serde_json::Value =
        serde_json::from_slice(&decode(header)?).map_err(|_| undecodable())?;
    if header["alg"] != "RS256" {
        return Err(undecodable());
    }
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| undecodable())?;
    let is_it = |app: &&App| match &claims.iss {
        Issuer::Number(id) => app.id == *id,
        Issuer::Text(id) => app.client_id == *id || app.id.to_string() == *id,
    };
    let app = apps.iter().find(is_it).ok_or_else(undecodable)?;
    if !signed_by(app, signed.as_bytes(), &decode(signature)?) {
        return Err(undecodable());
    }
    in_time(&claims, now.timestamp()).map_err(str::to_owned)?;
    Ok(app)
}

fn in_time(claims: &Claims, now: i64) -> Result<(), &'static str> {
    if claims.iat > now {
        return Err(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        );
    }
    if claims.exp <= now {
        return Err(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        );
    }
    if claims.exp > now + 600 {
        return Err("'Expiration time' claim ('exp') is too far in the future");
    }
    Ok(())
}

fn signed_by(app: &App, message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = STANDARD.decode(&app.public_key) else { return false };
    let known = default_provider().signature_verification_algorithms;
    let rs256 = |(scheme, _): &&(SignatureScheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256;
    let algorithms = known.mapping.iter().find(rs256).map_or(&[][..], |(_, algorithms)| algorithms);
    algorithms.iter().any(|verifying| verifying.verify_signature(&key, message, signature).is_ok())
}

impl InstallationToken {
    /// Tells whether a token may do this; what is not listed here, no App's token may.
    pub(super) fn may(&self, operation: Operation) -> bool {
        let Some((permission, level)) = needed(operation) else { return false };
        let granted = self.permissions.get(permission).map(String::as_str);
        permission == "metadata" || granted == Some("write") || granted == Some(level)
    }
}

/// Tells which permission an operation needs.
///
/// <https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>
fn needed(operation: Operation) -> Option<(&'static str, &'static str)> {
    use Operation as Op;
    let runners = |level: Level| match level {
        Level::Repo => Some("administration"),
        Level::Org => Some("organization_self_hosted_runners"),
        Level::Enterprise => None,
    };
    let hooks = |level: Level| match level {
        Level::Repo => "repository_hooks",
        Level::Org | Level::Enterprise => "organization_hooks",
    };
    Some(match operation {
        Op::MetaGet
        | Op::RateLimitGet
        | Op::ReposListReleases
        | Op::ReposGet
        | Op::ReposListForOrg
        | Op::ListReposAccessibleToInstallation => ("metadata", "read"),
        Op::GetJobForWorkflowRun
        | Op::ListJobsForWorkflowRun
        | Op::ListWorkflowRunsForRepo
        | Op::GetWorkflowRun => ("actions", "read"),
        Op::CancelWorkflowRun => ("actions", "write"),
        Op::ListSelfHostedRunners(level)
        | Op::GetSelfHostedRunner(level)
        | Op::ListSelfHostedRunnerGroups(level)
        | Op::ListGroupAccess(level) => (runners(level)?, "read"),
        Op::CreateRegistrationToken(level)
        | Op::GenerateRunnerJitconfig(level)
        | Op::DeleteSelfHostedRunner(level) => (runners(level)?, "write"),
        Op::ListWebhooks(level)
        | Op::ListWebhookDeliveries(level)
        | Op::GetWebhookDelivery(level) => (hooks(level), "read"),
        Op::RedeliverWebhookDelivery(level) => (hooks(level), "write"),
        _ => return None,
    })
}
