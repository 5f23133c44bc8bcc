//! GitHub Apps and their installations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Base, account, octocat, timestamp};
use crate::model::app::{App, Installation};
use crate::model::repository::Repository;

/// When every App was created.
const CREATED_AT: &str = "2026-01-01T00:00:00Z";
/// The slug of every App.
const SLUG: &str = "mayfly";

/// Writes an App.
pub(crate) fn app(base: &Base, app: &App, installations: usize) -> Value {
    json!({
        "id": app.id,
        "slug": SLUG,
        "node_id": format!("A_{}", app.id),
        "client_id": app.client_id,
        "owner": octocat(base),
        "name": SLUG,
        "description": "",
        "external_url": base.web,
        "html_url": format!("{}/apps/{SLUG}", base.web),
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "permissions": with_metadata(&app.permissions),
        "events": ["workflow_job"],
        "installations_count": installations,
    })
}

/// Adds the permission that every App has.
fn with_metadata(permissions: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut permissions = permissions.clone();
    permissions.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
    permissions
}

/// Writes an installation; `owned` is a repository of its account.
pub(crate) fn installation(base: &Base, owned: Option<&Repository>, of: &Installation) -> Value {
    let (id, organization) = owned.map_or((0, true), |known| (known.owner_id, known.organization));
    let kind = if organization { "Organization" } else { "User" };
    json!({
        "id": of.id,
        "client_id": of.app.client_id,
        "account": account(base, &of.account, id, organization),
        "repository_selection": "all",
        "access_tokens_url": format!("{}/app/installations/{}/access_tokens", base.api, of.id),
        "repositories_url": format!("{}/installation/repositories", base.api),
        "html_url": format!("{}/organizations/{}/settings/installations/{}", base.web, of.account, of.id),
        "app_id": of.app.id,
        "app_slug": SLUG,
        "target_id": id,
        "target_type": kind,
        "permissions": with_metadata(&of.app.permissions),
        "events": ["workflow_job"],
        "created_at": timestamp(of.created_at),
        "updated_at": timestamp(of.created_at),
        "single_file_name": null,
        "suspended_by": of.suspended_at.map(|_| octocat(base)),
        "suspended_at": of.suspended_at.map(timestamp),
    })
}
