//! Federated tokens: tokens of another issuer, such as a Kubernetes cluster, that Entra accepts in place of a secret.
//!
//! Here the emulator issues them as well, because it cannot read the published keys of another issuer.
//!
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::token::Issuer;

/// The lifetime of a federated token.
const TOKEN_TTL: TimeDelta = TimeDelta::hours(24);

/// The claims that a federated token must have. They are compared with regard to case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FederatedCredential {
    /// The address of the token's issuer.
    pub issuer: String,
    /// The workload, such as a service account of a cluster.
    pub subject: String,
    /// The audience.
    pub audience: String,
}

impl Default for FederatedCredential {
    fn default() -> Self {
        Self {
            issuer: "https://oidc.localhost/mayfly".to_owned(),
            subject: "system:serviceaccount:default:mayfly".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
        }
    }
}

/// The reason that a federated token is rejected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mismatch {
    Malformed,
    Signature,
    Issuer(String),
    Subject(String),
    Audience(String),
    Expired,
}

pub(super) fn issue(
    issuer: &Issuer,
    credential: &FederatedCredential,
    now: DateTime<Utc>,
) -> String {
    issuer.sign(&json!({
        "iss": credential.issuer,
        "sub": credential.subject,
        "aud": [credential.audience],
        "iat": now.timestamp(),
        "nbf": now.timestamp(),
        "exp": (now + TOKEN_TTL).timestamp(),
    }))
}

/// Checks a token in the order of Entra: its form, its claims, its validity.
pub(super) fn check(
    issuer: &Issuer,
    token: &str,
    credential: &FederatedCredential,
    now: DateTime<Utc>,
) -> Result<(), Mismatch> {
    let claims = parse(token).ok_or(Mismatch::Malformed)?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    if text("iss") != credential.issuer {
        return Err(Mismatch::Issuer(text("iss")));
    }
    if !issuer.has_signed(token) {
        return Err(Mismatch::Signature);
    }
    if text("sub") != credential.subject {
        return Err(Mismatch::Subject(text("sub")));
    }
    let audiences = audiences(&claims["aud"]);
    if !audiences.contains(&credential.audience) {
        return Err(Mismatch::Audience(audiences.join(",")));
    }
    let time = |name: &str, default| claims[name].as_i64().unwrap_or(default);
    let valid = time("nbf", 0)..time("exp", 0);
    valid.contains(&now.timestamp()).then_some(()).ok_or(Mismatch::Expired)
}

/// Returns the audiences of a token: a text, or a list of texts.
fn audiences(claim: &Value) -> Vec<String> {
    let one = std::slice::from_ref(claim);
    let all = claim.as_array().map_or(one, Vec::as_slice).iter();
    all.filter_map(|audience| audience.as_str().map(str::to_owned)).collect()
}

fn parse(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (header, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let _: Value = read(header)?;
    read(claims).filter(|_| parts.next().is_none())
}
