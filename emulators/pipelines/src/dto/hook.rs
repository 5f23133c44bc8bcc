//! Service hooks: payloads, subscriptions and notifications.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{timestamp, without_nulls};
use crate::model::request::JobState;
use crate::model::subscription::{Notification, Subscription};
use crate::state::State;

/// The event of a job's state.
pub(crate) const EVENT_TYPE: &str = "ms.vss-pipelines.job-state-changed-event";
const RESOURCE_VERSION: &str = "5.1-preview.1";
/// What the service shows in place of a confidential input.
pub(crate) const MASK: &str = "********";
/// The only input that is confidential: headers can be read.
const CONFIDENTIAL: &str = "basicAuthPassword";

/// Writes the request for a subscription: the events of all jobs of a project call a URL, with a password of user `mayfly`.
pub fn subscription_to_jobs(project: &str, url: &str, password: &str) -> Value {
    json!({
        "publisherId": "pipelines",
        "eventType": EVENT_TYPE,
        "resourceVersion": RESOURCE_VERSION,
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": { "projectId": project },
        "consumerInputs":
            { "url": url, "basicAuthUsername": "mayfly", "basicAuthPassword": password },
    })
}

/// An event of a job.
pub(crate) struct Event<'a> {
    pub(crate) id: &'a str,
    pub(crate) notification: u64,
    pub(crate) request: u64,
    pub(crate) state: JobState,
    pub(crate) result: Option<&'static str>,
    pub(crate) now: DateTime<Utc>,
}

/// Writes the payload of an event. It names neither pool, queue, demands, plan nor request, as in Microsoft's sample.
///
/// <https://learn.microsoft.com/azure/devops/service-hooks/events#run-job-state-changed>
pub(crate) fn payload(state: &State, subscription: &str, event: &Event<'_>) -> Value {
    let Some(request) = state.requests.get(&event.request) else { return Value::Null };
    let Some(run) = state.runs.get(&request.run) else { return Value::Null };
    let base = state.options.payload_base();
    let (project, id) = (&run.project.name, run.id);
    let (definition, name) = &run.pipeline;
    let pipeline = json!({ "id": definition, "revision": 1, "name": name, "folder": "\\" });
    let job = json!({
        "_links": {
            "web": { "href": format!("{base}/{project}/_build/results?buildId={id}") },
            "pipeline.web": { "href": format!("{base}/{project}/_build/definition?definitionId={definition}") },
        },
        "id": request.job_id,
        "name": request.job_name,
        "state": event.state.name(),
        "result": event.result,
        "startTime": request.receive_time.map(timestamp),
        "finishTime": request.finish_time.map(timestamp),
    });
    let run_state = if event.state == JobState::Completed { "completed" } else { "inProgress" };
    let resource = json!({
        "job": job,
        "stage": { "id": run.stage_id, "name": "__default", "displayName": null, "state": run_state },
        "run": {
            "pipeline": pipeline,
            "state": run_state,
            "createdDate": timestamp(run.queue_time),
            "id": id,
            "name": run.number,
        },
        "pipeline": pipeline,
        "repositories": [],
    });
    let inputs = state.subscriptions.get(subscription).map(|known| &known.consumer_inputs);
    let detail = inputs.and_then(|inputs| inputs.get("resourceDetailsToSend"));
    let is_left_out = detail.is_some_and(|detail| detail == "none");
    json!({
        "subscriptionId": subscription,
        "notificationId": event.notification,
        "id": event.id,
        "eventType": EVENT_TYPE,
        "publisherId": "pipelines",
        "message": null,
        "detailedMessage": null,
        "resource": if is_left_out { Value::Null } else { resource },
        "resourceVersion": RESOURCE_VERSION,
        "resourceContainers": {
            "collection": { "id": state.instance_id },
            "account": { "id": state.instance_id },
            "project": { "id": run.project.id },
        },
        "createdDate": timestamp(event.now),
    })
}

/// Writes a subscription, without its password.
pub(crate) fn subscription(known: &Subscription, base: &str) -> Value {
    let mut inputs = known.consumer_inputs.clone();
    if let Some(password) = inputs.get_mut(CONFIDENTIAL) {
        MASK.clone_into(password);
    }
    without_nulls(json!({
        "id": known.id,
        "url": format!("{base}/_apis/hooks/subscriptions/{}", known.id),
        "status": known.status,
        "publisherId": "pipelines",
        "eventType": EVENT_TYPE,
        "resourceVersion": RESOURCE_VERSION,
        "eventDescription": "Any job",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "actionDescription": format!("To host {}", host(&inputs)),
        "probationRetries": (known.probation_retries > 0).then(|| known.probation_retries.to_string()),
        "lastProbationRetryDate": known.last_probation_retry.map(timestamp),
        "lastSuccessfulAttemptDate": known.last_success.map(timestamp),
        "createdDate": timestamp(known.created),
        "modifiedDate": timestamp(known.modified),
        "publisherInputs": known.publisher_inputs,
        "consumerInputs": inputs,
    }))
}

/// Writes a notification.
pub(crate) fn notification(known: &Notification) -> Value {
    let last = known.statuses.last().copied();
    let is_success = last.is_some_and(|status| (200..300).contains(&status));
    let result = match (known.is_done, is_success) {
        (_, true) => "succeeded",
        (true, false) => "failed",
        (false, false) => "pending",
    };
    json!({
        "id": known.id,
        "subscriptionId": known.subscription,
        "eventId": known.event_id,
        "status": if known.is_done { "completed" } else { "requestInProgress" },
        "result": result,
        "createdDate": timestamp(known.created),
        "modifiedDate": timestamp(known.modified),
        "details": without_nulls(json!({
            "eventType": EVENT_TYPE,
            "publisherId": "pipelines",
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "requestAttempts": known.statuses.len(),
            "errorMessage": last.filter(|_| !is_success).map(|status| format!("({status})")),
        })),
    })
}

fn host(inputs: &std::collections::BTreeMap<String, String>) -> String {
    let url = inputs.get("url").and_then(|url| url::Url::parse(url).ok());
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
