//! Installations of GitHub Apps.

use serde_json::{Value, json};

use super::{Base, account, timestamp};
use crate::model::app::Installation;
use crate::model::repository::Repository;

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
        "app_slug": "mayfly",
        "target_id": id,
        "target_type": kind,
        "permissions": of.app.permissions,
        "events": ["workflow_job"],
        "created_at": timestamp(of.created_at),
        "updated_at": timestamp(of.created_at),
        "single_file_name": null,
        "suspended_by": null,
        "suspended_at": null,
    })
}
