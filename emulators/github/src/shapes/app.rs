//! Writes installations of GitHub Apps.

use serde_json::{Value, json};

use crate::app::Installation;
use crate::state::State;

use super::{Base, account, stamp};

/// Writes an installation.
pub(crate) fn installation(base: &Base, state: &State, of: &Installation) -> Value {
    let owned = state.repositories.values().find(|known| known.owner() == of.account);
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
        "created_at": stamp(of.created_at),
        "updated_at": stamp(of.created_at),
        "single_file_name": null,
        "suspended_by": null,
        "suspended_at": null,
    })
}
