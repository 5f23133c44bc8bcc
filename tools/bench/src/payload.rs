//! Signed deliveries of the event that GitHub sends for a queued job.

use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use local_deployment::WEBHOOK_SECRET;
use serde_json::{Value, json};
use sha2::Sha256;

/// The size of a `queued` event of an organization's repository, which is mostly addresses.
const BYTES: usize = 11_400;
/// The addresses that GitHub adds to each repository of an event.
const ADDRESSES: [&str; 12] = [
    "archive",
    "branches",
    "collaborators",
    "commits",
    "contents",
    "deployments",
    "issues",
    "labels",
    "milestones",
    "pulls",
    "statuses",
    "subscribers",
];

/// A delivery with its signature.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// The payload.
    pub(crate) body: Bytes,
    /// The value of `X-Hub-Signature-256`.
    pub(crate) signature: String,
}

/// Returns deliveries of different jobs, the first of which has the id `first`.
pub(crate) fn deliveries(first: u64, count: u64) -> Arc<[Delivery]> {
    (first..first + count).map(delivery).collect()
}

fn delivery(job: u64) -> Delivery {
    let mut event = event(job);
    let missing = BYTES.saturating_sub(event.to_string().len());
    event["repository"]["description"] = json!("x".repeat(missing));
    let body = Bytes::from(event.to_string());
    let signature = format!("sha256={}", hex::encode(sign(&body)));
    Delivery { body, signature }
}

/// Returns the HMAC of a body with the secret of the webhook.
pub(crate) fn sign(body: &[u8]) -> impl AsRef<[u8]> {
    mac(body).finalize().into_bytes()
}

/// Returns whether the value of `X-Hub-Signature-256` is that of the body.
pub(crate) fn is_signed(body: &[u8], signature: &str) -> bool {
    let given = signature.strip_prefix("sha256=").and_then(|text| hex::decode(text).ok());
    given.is_some_and(|given| mac(body).verify_slice(&given).is_ok())
}

fn mac(body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes());
    let mut mac = mac.expect("HMAC accepts a key of any length");
    mac.update(body);
    mac
}

fn event(job: u64) -> Value {
    let api = "https://api.github.com/repos/octo/app";
    json!({
        "action": "queued",
        "workflow_job": {
            "id": job,
            "run_id": 7_000 + job / 100,
            "workflow_name": "build and test",
            "head_branch": "main",
            "run_url": format!("{api}/actions/runs/{}", 7_000 + job / 100),
            "run_attempt": 1,
            "node_id": "CR_kwDOExample",
            "head_sha": "0123456789abcdef0123456789abcdef01234567",
            "url": format!("{api}/actions/jobs/{job}"),
            "html_url": format!("https://github.com/octo/app/actions/runs/1/job/{job}"),
            "status": "queued",
            "conclusion": null,
            "created_at": "2026-11-30T10:00:00Z",
            "started_at": "2026-11-30T10:00:00Z",
            "completed_at": null,
            "name": "build (ubuntu, stable)",
            "steps": [],
            "check_run_url": format!("{api}/check-runs/{job}"),
            "labels": ["self-hosted", "ubuntu-latest"],
            "runner_id": null,
            "runner_name": null,
            "runner_group_id": null,
            "runner_group_name": null
        },
        "repository": repository(api),
        "organization": account("octo", "Organization"),
        "sender": account("ann", "User")
    })
}

fn repository(api: &str) -> Value {
    let mut repository = json!({
        "id": 186_853_002,
        "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=",
        "name": "app",
        "full_name": "octo/app",
        "private": true,
        "owner": account("octo", "Organization"),
        "html_url": "https://github.com/octo/app",
        "fork": false,
        "default_branch": "main",
        "topics": ["ci", "example"],
        "visibility": "private"
    });
    for name in ADDRESSES {
        repository[format!("{name}_url")] = json!(format!("{api}/{name}{{/number}}"));
    }
    repository
}

fn account(login: &str, kind: &str) -> Value {
    let api = format!("https://api.github.com/users/{login}");
    let mut account =
        json!({ "login": login, "id": 21_031_067, "type": kind, "site_admin": false });
    for name in ["followers", "following", "gists", "orgs", "repos", "events", "received_events"] {
        account[format!("{name}_url")] = json!(format!("{api}/{name}"));
    }
    account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_has_the_size_of_one_of_github_and_its_signature() {
        let all = deliveries(99_998, 3);
        for one in all.iter() {
            assert!((BYTES..BYTES + 40).contains(&one.body.len()), "{}", one.body.len());
            assert!(is_signed(&one.body, &one.signature));
            assert!(!is_signed(b"other", &one.signature));
        }
        assert_ne!(all[0].body, all[2].body);
    }
}
