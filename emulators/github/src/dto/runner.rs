//! Runners and runner groups.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Base;
use crate::model::group::Group;
use crate::model::runner::Runner;
use crate::model::scope::Scope;

/// Labels that the runner adds itself; GitHub shows them as read-only.
const DEFAULT_LABELS: [&str; 7] =
    ["self-hosted", "linux", "macos", "windows", "x64", "arm", "arm64"];

/// Writes a runner.
pub(crate) fn runner(runner: &Runner) -> Value {
    let mut object = json!({
        "id": runner.id,
        "name": runner.name,
        "os": runner.os,
        "status": if runner.online { "online" } else { "offline" },
        "busy": runner.busy,
        "ephemeral": runner.ephemeral,
        "runner_group_id": runner.group,
        "labels": runner.labels.iter().zip(1..).map(label).collect::<Value>(),
    });
    // A runner has a version once it has connected.
    if let Some(version) = &runner.version {
        object["version"] = json!(version);
    }
    object
}

fn label((name, id): (&String, u64)) -> Value {
    let default = DEFAULT_LABELS.iter().any(|label| label.eq_ignore_ascii_case(name));
    json!({ "id": id, "name": name, "type": if default { "read-only" } else { "custom" } })
}

/// Writes a runner group; `workflows` are those to which it is restricted.
pub(crate) fn group(
    base: &Base,
    group: &Group,
    inherited: bool,
    workflows: Option<&BTreeSet<String>>,
) -> Value {
    let url = format!("{}/{}/actions/runner-groups/{}", base.api, group.scope.api_path(), group.id);
    let selected = group.repositories.is_some();
    let mut object = json!({
        "id": group.id,
        "name": group.name,
        "visibility": if selected { "selected" } else { "all" },
        "default": group.id == Group::DEFAULT,
        "runners_url": format!("{url}/runners"),
        "allows_public_repositories": group.allows_public_repositories,
        "restricted_to_workflows": workflows.is_some(),
        "selected_workflows": workflows.into_iter().flatten().collect::<Vec<_>>(),
        "workflow_restrictions_read_only": inherited && workflows.is_some(),
    });
    if let Scope::Organization(_) = group.scope {
        object["inherited"] = json!(inherited);
        if selected {
            object["selected_repositories_url"] = json!(format!("{url}/repositories"));
        }
    }
    object
}
