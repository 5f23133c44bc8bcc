//! What responses of Azure DevOps mean.

use std::time::Duration;

use http::header;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::warn;

use super::dto::Listed;
use super::error::PipelinesError;
use crate::json::JsonFault;
use crate::json::items::{Items, each_item};
use crate::transport::Response;

/// Returns the error of a response that is no success.
pub(super) fn rejection(call: &'static str, response: &Response) -> PipelinesError {
    let (status, key) = (response.status().as_u16(), type_key(response));
    match status {
        408 | 429 | 500.. => {
            let (fault, retry_after) = (format!("{status} {key}"), retry_after(response));
            PipelinesError::Unavailable { call, fault, retry_after }
        }
        _ => PipelinesError::Rejected { call, status, key },
    }
}

/// Returns the delay that a response demands.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Reads the name of the exception of an error. Its message is not logged: it may contain names of people.
pub(super) fn type_key(response: &Response) -> String {
    if response.status().is_success() {
        return String::new();
    }
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let key = body["typeKey"].as_str().unwrap_or_default();
    key.chars().filter(char::is_ascii_alphanumeric).take(80).collect()
}

/// Parses an answer.
pub(super) fn parse<T: DeserializeOwned>(
    call: &'static str,
    response: &Response,
) -> Result<T, PipelinesError> {
    serde_json::from_slice(response.body()).map_err(|err| unreadable(call, &err.into()))
}

/// Parses an answer with a list.
pub(super) fn parse_list<T: DeserializeOwned>(
    call: &'static str,
    response: &Response,
) -> Result<Listed<T>, PipelinesError> {
    let read = each_item(response.body(), Some("value"));
    let (Items { items, .. }, faults) = read.map_err(|fault| unreadable(call, &fault))?;
    if let Some(fault) = faults.first() {
        warn!("continuing without {} items while {call}: {fault}", faults.len());
    }
    Ok(Listed { items, complete: faults.is_empty() })
}

fn unreadable(call: &'static str, fault: &JsonFault) -> PipelinesError {
    PipelinesError::Unavailable { call, fault: fault.to_string(), retry_after: None }
}
