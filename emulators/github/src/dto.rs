//! JSON objects of GitHub's API and webhooks, written from its public API description and webhook schemas.
//!
//! <https://github.com/github/rest-api-description>, <https://github.com/octokit/webhooks>

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::model::repository::Repository;

pub(crate) mod app;
pub(crate) mod configuration;
pub(crate) mod job;
pub(crate) mod repository;
pub(crate) mod runner;
pub(crate) mod webhook;

/// The base URLs of links.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    /// The API.
    pub(crate) api: String,
    /// The web pages.
    pub(crate) web: String,
}

/// Formats a timestamp with GitHub's precision of a second.
pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Formats a token's expiry, which GitHub writes with milliseconds in its own time zone.
pub(crate) fn expiry(at: DateTime<Utc>) -> String {
    let pacific = FixedOffset::west_opt(8 * 3600).expect("8 hours are less than a day");
    at.with_timezone(&pacific).to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// Writes an account as other objects embed it.
pub(crate) fn account(base: &Base, login: &str, id: u64, organization: bool) -> Value {
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
pub(crate) fn owner(base: &Base, repository: &Repository) -> Value {
    account(base, repository.owner(), repository.owner_id, repository.organization)
}

/// Writes the only user, who is the actor of everything.
pub(crate) fn octocat(base: &Base) -> Value {
    account(base, "octocat", 583_231, false)
}

/// Writes the only user in full, as `GET /user` returns it.
pub(crate) fn user(base: &Base) -> Value {
    let mut object = octocat(base);
    for (name, value) in [
        ("name", json!("The Octocat")),
        ("company", Value::Null),
        ("blog", json!("")),
        ("location", Value::Null),
        ("email", Value::Null),
        ("hireable", Value::Null),
        ("bio", Value::Null),
        ("public_repos", json!(0)),
        ("public_gists", json!(0)),
        ("followers", json!(0)),
        ("following", json!(0)),
        ("created_at", json!("2011-01-25T18:44:36Z")),
        ("updated_at", json!("2026-01-01T00:00:00Z")),
    ] {
        object[name] = value;
    }
    object
}

/// Writes a release of the runner.
pub(crate) fn release(base: &Base, version: &str, at: DateTime<Utc>, id: u64) -> Value {
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
        "author": octocat(base),
        "node_id": format!("RE_{id}"),
        "tag_name": format!("v{version}"),
        "target_commitish": "main",
        "name": format!("v{version}"),
        "draft": false,
        "prerelease": false,
        "created_at": timestamp(at),
        "published_at": timestamp(at),
        "assets": [],
        "body": "",
    })
}

/// Writes an organization as payloads embed it.
pub(crate) fn organization(base: &Base, login: &str, id: u64) -> Value {
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
