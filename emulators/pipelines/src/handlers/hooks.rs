//! Service hook subscriptions of the consumer `webHooks`, and their notifications.
//!
//! <https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks>

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::Value;

use super::call::{self, Call};
use crate::dto;
use crate::error::{ApiError, ApiResult};
use crate::model::subscription::{Subscription, SubscriptionStatus};
use crate::state::State;

const CONSUMER_INPUTS: [&str; 7] = [
    "url",
    "httpHeaders",
    "basicAuthUsername",
    "basicAuthPassword",
    "resourceDetailsToSend",
    "messagesToSend",
    "detailedMessagesToSend",
];
const MAX_CREDENTIAL_LENGTH: usize = 256;

pub(super) fn list(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["publisherid", "eventtype", "consumerid", "consumeractionid"])?;
    let is = |name: &str, actual: &str| call.query(name).is_none_or(|wanted| wanted == actual);
    let is_wanted = is("publisherid", "pipelines")
        && is("eventtype", dto::hook::EVENT_TYPE)
        && is("consumerid", "webHooks")
        && is("consumeractionid", "httpRequest");
    let known = state.subscriptions.values().filter(|_| is_wanted);
    Ok(call::list(known.map(|known| dto::hook::subscription(known, &call.base)).collect()))
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> ApiResult {
    let known = find(state, call)?;
    Ok(call::object(&dto::hook::subscription(known, &call.base)))
}

pub(super) fn create(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    call.caller.may_manage()?;
    let (project, publisher_inputs, consumer_inputs) = inputs(state, call)?;
    let subscription = Subscription {
        id: state.guid(),
        project,
        status: status(call)?.unwrap_or(SubscriptionStatus::Enabled),
        publisher_inputs,
        consumer_inputs,
        created: now,
        modified: now,
        probation_retries: 0,
        probation_of: None,
        last_probation_retry: None,
        last_success: None,
    };
    let body = dto::hook::subscription(&subscription, &call.base);
    state.subscriptions.insert(subscription.id.clone(), subscription);
    Ok(call::object(&body))
}

/// Replaces a subscription. Its password is stored as it is sent: the mask of a former answer is a wrong password.
pub(super) fn replace(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    call.caller.may_manage()?;
    let id = find(state, call)?.id.clone();
    let (project, publisher_inputs, consumer_inputs) = inputs(state, call)?;
    if let Some(known) = state.subscriptions.get_mut(&id) {
        known.project = project;
        known.publisher_inputs = publisher_inputs;
        known.consumer_inputs = consumer_inputs;
        known.modified = now;
    }
    if let Some(status) = status(call)? {
        state.set_status(&id, status, now);
    }
    get(state, call)
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.caller.may_manage()?;
    let id = find(state, call)?.id.clone();
    state.subscriptions.remove(&id);
    Ok(call::no_content())
}

pub(super) fn list_notifications(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["maxresults"])?;
    let id = find(state, call)?.id.clone();
    let max = call.query("maxresults").and_then(|max| max.parse().ok()).unwrap_or(usize::MAX);
    let known = state.notifications.values().rev().filter(|known| known.subscription == id);
    Ok(call::list(known.take(max).map(dto::hook::notification).collect()))
}

pub(super) fn get_notification(state: &mut State, call: &Call<'_>) -> ApiResult {
    let subscription = find(state, call)?.id.clone();
    let known = state.notifications.get(&call.id("notification"));
    let known = known.filter(|known| known.subscription == subscription);
    let known = known.ok_or_else(|| not_found("NotificationNotFoundException", "notification"))?;
    Ok(call::object(&dto::hook::notification(known)))
}

fn find<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Subscription, ApiError> {
    let known = state.subscriptions.get(call.param("subscription"));
    known.ok_or_else(|| not_found("SubscriptionNotFoundException", "subscription"))
}

fn not_found(key: &'static str, what: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, key, format!("The {what} was not found."))
}

fn status(call: &Call<'_>) -> Result<Option<SubscriptionStatus>, ApiError> {
    match &call.body["status"] {
        Value::Null => Ok(None),
        value => SubscriptionStatus::parse(value)
            .map(Some)
            .ok_or_else(|| ApiError::invalid("The status of the subscription is unknown.")),
    }
}

type Inputs = (String, BTreeMap<String, String>, BTreeMap<String, String>);

/// Reads and checks a subscription; the service allows no blanks in credentials and in values of headers.
fn inputs(state: &State, call: &Call<'_>) -> Result<Inputs, ApiError> {
    for (field, only) in [
        ("publisherId", "pipelines"),
        ("eventType", dto::hook::EVENT_TYPE),
        ("consumerId", "webHooks"),
        ("consumerActionId", "httpRequest"),
    ] {
        if call.body[field] != only {
            return Err(ApiError::not_modelled(&format!("{field} other than {only}")));
        }
    }
    let publisher = Call::texts(&call.body["publisherInputs"]);
    let consumer = Call::texts(&call.body["consumerInputs"]);
    let project = publisher.get("projectId").and_then(|id| state.project(id));
    let project = project.ok_or_else(|| ApiError::invalid("The project does not exist."))?;
    check_consumer(&consumer)?;
    Ok((project.id.clone(), publisher, consumer))
}

fn check_consumer(inputs: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let input = |name: &str| inputs.get(name).map(String::as_str).unwrap_or_default();
    if let Some(unknown) = inputs.keys().find(|name| !CONSUMER_INPUTS.contains(&name.as_str())) {
        return Err(ApiError::invalid(format!("The input {unknown} is unknown.")));
    }
    let url = url::Url::parse(input("url")).ok();
    if !url.is_some_and(|url| ["http", "https"].contains(&url.scheme())) {
        return Err(ApiError::invalid("The input url is not an address."));
    }
    for name in ["basicAuthUsername", "basicAuthPassword"] {
        let value = input(name);
        if value.len() > MAX_CREDENTIAL_LENGTH || value.contains(char::is_whitespace) {
            return Err(ApiError::invalid(format!("The input {name} is too long or has blanks.")));
        }
    }
    let is_header = |line: &str| {
        line.split_once(':').is_some_and(|(name, value)| {
            let (name, value) = (name.trim(), value.trim());
            !name.is_empty() && !value.is_empty() && !value.contains(char::is_whitespace)
        })
    };
    if !input("httpHeaders").lines().all(is_header) {
        return Err(ApiError::invalid("The input httpHeaders is not a list of Name:value lines."));
    }
    match input("resourceDetailsToSend") {
        "" | "all" | "none" => Ok(()),
        other => Err(ApiError::not_modelled(&format!("resourceDetailsToSend {other}"))),
    }
}
