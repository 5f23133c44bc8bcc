//! Writes GitHub's objects as its public description of the API and its webhook schemas have them.
//!
//! <https://github.com/github/rest-api-description>, <https://github.com/octokit/webhooks>

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::repository::Repository;

pub(super) mod repository;
pub(super) mod job;
pub(super) mod runner;
pub(super) mod webhook;
pub(super) mod app;

/// Where the addresses within objects begin.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// The API.
    pub(super) api: String,
    /// The web pages.
    pub(super) web: String,
}

/// Writes an instant as GitHub does, to the second.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Writes the end of a token's life, which GitHub gives with milliseconds in its own time zone.
pub(super) fn expiry(at: DateTime<Utc>) -> String {
    let pacific = FixedOffset::west_opt(8 * 3600).expect("8 hours are less than a day");
    at.with_timezone(&pacific).to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// Writes an account as others refer to it.
pub(super) fn account(base: &Base, login: &str, id: u64, organization: bool) -> Value {
    let url = format!("{}/users/{login}", base.api);
    json!({
        "login": login,
        "id": id,
        "node_id": format!("{}_{id}", if organization { "O" } else { "U" }),
        "avatar_url": format!("{}/avatars/u/{id}?v=4", base.web),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{}/{login}", base.web),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": if organization { "Organization" } else { "User" },
        "site_admin": false,
    })
}

/// Writes the owner of a repository.
pub(super) fn owner(base: &Base, repository: &Repository) -> Value {
    account(base, repository.owner(), repository.owner_id, repository.organization)
}

/// Writes the person who does everything here that a person does.
pub(super) fn person(base: &Base) -> Value {
    account(base, "octocat", 583_231, false)
}

/// Writes a release of the runner.
pub(super) fn release(base: &Base, version: &str, at: DateTime<Utc>, id: u64) -> Value {
    let (api, web) =
        (format!("{}/repos/actions/runner", base.api), format!("{}/actions/runner", base.web));
    json!({
        "url": format!("{api}/releases/{id}"),
        "assets_url": format!("{api}/releases/{id}/assets"),
        "upload_url": format!("{api}/releases/{id}/assets{{?name,label}}"),
        "html_url": format!("{web}/releases/tag/v{version}"),
        "tarball_url": format!("{api}/tarball/v{version}"),
        "zipball_url": format!("{api}/zipball/v{version}"),
        "id": id,
        "author": person(base),
        "node_id": format!("RE_{id}"),
        "tag_name": format!("v{version}"),
        "target_commitish": "main",
        "name": format!("v{version}"),
        "draft": false,
        "prerelease": false,
        "created_at": at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "published_at": at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "assets": [],
        "body": "",
    })
}

/// Writes an organization as payloads carry it.
pub(super) fn organization(base: &Base, login: &str, id: u64) -> Value {
    let url = format!("{}/orgs/{login}", base.api);
    json!({
        "login": login,
        "id": id,
        "node_id": format!("O_{id}"),
        "url": url,
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("{}/avatars/u/{id}?v=4", base.web),
        "description": "",
    })
}
