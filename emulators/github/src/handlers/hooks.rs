//! Webhooks and their deliveries.

use http::StatusCode;
use serde_json::Value;

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::auth::Caller;
use crate::dto::webhook;
use crate::error::ApiError;
use crate::model::hook::{Delivery, Hook, Owner};
use crate::state::State;

pub(crate) fn list(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let owner = Owner::Scope(request.scope(state)?);
    let hooks = state.hooks.values().filter(|hook| hook.owner == owner).collect();
    request.array(hooks, |hook| webhook::hook(&request.base, hook))
}

/// Lists deliveries, latest first. The cursor is the id of the first delivery of a page.
pub(crate) fn list_deliveries(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&["cursor", "status"])?;
    let hook = find(state, request)?;
    let from = request.query.get("cursor").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let wanted = request.query.get("status");
    let mut found = state
        .deliveries
        .range(..=from)
        .rev()
        .map(|(_, delivery)| delivery)
        .filter(|delivery| delivery.hook == hook.id && matches_status(delivery, wanted));
    let page: Vec<&Delivery> = found.by_ref().take(request.query.per_page()).collect();
    let link = found.next().map(|next| request.next_cursor_link(next.id));
    ApiResponse::linked(page.into_iter().filter_map(webhook::delivery).collect(), link)
}

fn matches_status(delivery: &Delivery, wanted: Option<&str>) -> bool {
    let Some(outcome) = &delivery.outcome else { return false };
    match wanted {
        Some("success") => outcome.is_success(),
        Some("failure") => !outcome.is_success(),
        _ => true,
    }
}

pub(crate) fn get_delivery(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let hook = find(state, request)?;
    let delivery = state.deliveries.get(&request.params.id("delivery_id"));
    let delivery = delivery.filter(|delivery| delivery.hook == hook.id);
    let shown = delivery.and_then(|delivery| webhook::delivery_in_full(delivery, hook));
    shown.map_or(Err(ApiError::not_found()), ApiResponse::ok)
}

pub(crate) fn redeliver(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let (hook, id) = (find(state, request)?.id, request.params.id("delivery_id"));
    if state.deliveries.get(&id).is_none_or(|delivery| delivery.hook != hook) {
        return Err(ApiError::not_found());
    }
    state.redeliver(id, request.now);
    ApiResponse::accepted()
}

pub(crate) fn get_app_config(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    ApiResponse::ok(webhook::config(find(state, request)?))
}

/// Changes the URL or the secret of an App's webhook. Other fields of its configuration are not modelled.
///
/// <https://docs.github.com/en/rest/apps/webhooks#update-a-webhook-configuration-for-an-app>
pub(crate) fn update_app_config(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let wanted: Value = serde_json::from_slice(request.body)
        .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))?;
    let known = |value: &Value, field| value.as_str() == webhook_default(field);
    for (field, value) in wanted.as_object().into_iter().flatten() {
        if !["url", "secret"].contains(&field.as_str()) && !known(value, field) {
            let text = format!("{field} of a webhook's configuration is not modelled");
            return Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, text));
        }
    }
    let id = find(state, request)?.id;
    let hook = state.hooks.get_mut(&id).ok_or_else(ApiError::not_found)?;
    for (field, value) in [("url", &mut hook.url), ("secret", &mut hook.secret)] {
        if let Some(text) = wanted[field].as_str() {
            text.clone_into(value);
        }
    }
    ApiResponse::ok(webhook::config(hook))
}

/// Returns the only modelled value of a field of a webhook's configuration.
fn webhook_default(field: &str) -> Option<&'static str> {
    match field {
        "content_type" => Some("json"),
        "insecure_ssl" => Some("0"),
        _ => None,
    }
}

/// Finds the webhook in the path; an App has only one, and its path contains no id.
fn find<'s>(state: &'s State, request: &ApiRequest<'_>) -> Result<&'s Hook, ApiError> {
    let hook = if let Caller::App(app) = &request.caller {
        state.hooks.values().find(|hook| hook.owner == Owner::App(app.id))
    } else {
        let owner = Owner::Scope(request.scope(state)?);
        state.hooks.get(&request.params.id("hook_id")).filter(|hook| hook.owner == owner)
    };
    hook.ok_or_else(ApiError::not_found)
}
