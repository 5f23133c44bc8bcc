//! Webhook payloads, and webhooks and deliveries as the API shows them.

use serde_json::{Value, json};

use super::{Base, job, octocat, organization, repository, timestamp};
use crate::model::hook::{Delivery, Hook, Owner};
use crate::model::job::{Gate, Job, JobStatus};
use crate::model::repository::Repository;
use crate::model::scope::Scope;

/// Writes the payload of a `workflow_job` event; `shown` is the job's status in the payload.
pub(crate) fn workflow_job(
    base: &Base,
    action: &str,
    shown: JobStatus,
    of: &Job,
    repo: &Repository,
    enterprise: Option<&str>,
) -> Value {
    let mut payload = json!({
        "action": action,
        "workflow_job": job::job(base, of, shown),
        "repository": repository::short(base, repo),
        "sender": octocat(base),
    });
    if action == "queued" && of.gate == Gate::WaitingFirst {
        payload["deployment"] = deployment(base, of);
    }
    if repo.organization {
        payload["organization"] = organization(base, repo.owner(), repo.owner_id);
    }
    if let Some(slug) = enterprise.filter(|_| repo.organization) {
        payload["enterprise"] = enterprise_object(base, slug, of);
    }
    for path in &of.nulls {
        if let Some(field) = payload.pointer_mut(path) {
            *field = Value::Null;
        }
    }
    payload
}

/// Adds the installation to a payload for an App's webhook.
pub(crate) fn with_installation(payload: &Value, installation: Option<u64>) -> Value {
    let mut payload = payload.clone();
    if let Some(id) = installation {
        payload["installation"] = json!({ "id": id, "node_id": format!("MDI_{id}") });
    }
    payload
}

fn deployment(base: &Base, of: &Job) -> Value {
    let repository_url = format!("{}/repos/{}", base.api, of.repository);
    let url = format!("{repository_url}/deployments/{}", of.id);
    json!({
        "url": url,
        "id": of.id,
        "node_id": format!("DE_{}", of.id),
        "task": "deploy",
        "original_environment": "production",
        "environment": "production",
        "description": null,
        "created_at": timestamp(of.created_at),
        "updated_at": timestamp(of.created_at),
        "statuses_url": format!("{url}/statuses"),
        "repository_url": repository_url,
        "creator": octocat(base),
        "sha": job::sha(of.run),
        "ref": "main",
        "payload": {},
        "transient_environment": false,
        "production_environment": true,
        "performed_via_github_app": null,
    })
}

fn enterprise_object(base: &Base, slug: &str, of: &Job) -> Value {
    json!({
        "id": 1,
        "slug": slug,
        "name": slug,
        "node_id": "E_1",
        "avatar_url": format!("{}/avatars/b/1?v=4", base.web),
        "description": null,
        "website_url": null,
        "html_url": format!("{}/enterprises/{slug}", base.web),
        "created_at": timestamp(of.created_at),
        "updated_at": timestamp(of.created_at),
    })
}

/// Writes the payload of a `ping`; `covered` is a repository that the webhook covers.
pub(crate) fn ping(base: &Base, of: &Hook, covered: Option<&Repository>) -> Value {
    let mut payload = json!({
        "zen": "Keep it logically awesome.",
        "hook_id": of.id,
        "hook": hook(base, of),
        "sender": octocat(base),
    });
    match (&of.owner, covered) {
        (Owner::Scope(Scope::Repository(_)), Some(repo)) => {
            payload["repository"] = repository::short(base, repo);
        }
        (Owner::Scope(Scope::Organization(login)), Some(repo)) => {
            payload["organization"] = organization(base, login, repo.owner_id);
        }
        _ => {}
    }
    payload
}

/// Writes a webhook.
pub(crate) fn hook(base: &Base, of: &Hook) -> Value {
    let url = match &of.owner {
        Owner::Scope(scope) => format!("{}/{}/hooks/{}", base.api, scope.api_path(), of.id),
        Owner::App(_) => format!("{}/app/hook", base.api),
    };
    let mut object = json!({
        "type": of.target().0,
        "id": of.id,
        "name": "web",
        "active": true,
        "events": ["workflow_job"],
        "config": config(of),
        "created_at": timestamp(of.created_at),
        "updated_at": timestamp(of.created_at),
        "url": url,
        "ping_url": format!("{url}/pings"),
        "deliveries_url": format!("{url}/deliveries"),
    });
    if let Owner::App(app) = of.owner {
        object["app_id"] = json!(app);
    }
    if let Owner::Scope(Scope::Repository(_)) = of.owner {
        object["test_url"] = json!(format!("{url}/test"));
        object["last_response"] = json!({ "code": null, "status": "unused", "message": null });
    }
    object
}

/// Writes the configuration of a webhook.
pub(crate) fn config(of: &Hook) -> Value {
    json!({
        "content_type": "json",
        "insecure_ssl": "0",
        "secret": "********",
        "url": of.url,
    })
}

/// Writes a delivery as lists contain it; `None` while it is pending.
pub(crate) fn delivery(of: &Delivery) -> Option<Value> {
    let outcome = of.outcome.as_ref()?;
    Some(json!({
        "id": of.id,
        "guid": of.guid,
        "delivered_at": of.delivered_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "redelivery": of.redelivery,
        "duration": outcome.duration,
        "status": outcome.status,
        "status_code": outcome.status_code,
        "event": of.event,
        "action": of.action,
        "installation_id": of.installation,
        "repository_id": of.repository_id,
        "throttled_at": null,
    }))
}

/// Writes a delivery in full, with request and response; `None` while it is pending.
pub(crate) fn delivery_in_full(of: &Delivery, hook: &Hook) -> Option<Value> {
    let outcome = of.outcome.as_ref()?;
    let mut object = delivery(of)?;
    let headers = of.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    object["url"] = json!(hook.url);
    object["request"] = json!({
        "headers": Value::Object(headers.collect()),
        "payload": serde_json::from_slice::<Value>(&of.payload).unwrap_or_default(),
    });
    object["response"] =
        json!({ "headers": {}, "payload": String::from_utf8_lossy(&outcome.body) });
    Some(object)
}
