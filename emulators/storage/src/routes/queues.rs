//! The operations of the queue service.

use emulator_core::service::Request;

use super::{Route, find, permission_of};
use crate::auth::account_sas::RequiredPermission;
use crate::dto::checksums::CONTENT_MD5;
use crate::request::{Path, Query};

/// An operation, by its published name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the REST reference documents them under these names")]
pub enum Operation {
    ListQueues,
    GetQueueServiceProperties,
    CreateQueue,
    DeleteQueue,
    GetQueueMetadata,
    SetQueueMetadata,
    PutMessage,
    GetMessages,
    PeekMessages,
    ClearMessages,
    UpdateMessage,
    DeleteMessage,
}

const ROUTES: [Route<Operation>; 13] = {
    use Operation::*;
    [
        route("GET /?comp=list", ListQueues, 's', "l"),
        route("GET /?restype=service&comp=properties", GetQueueServiceProperties, 's', "r"),
        route("PUT /{queue}", CreateQueue, 'c', "cw"),
        route("DELETE /{queue}", DeleteQueue, 'c', "d"),
        route("GET|HEAD /{queue}?comp=metadata", GetQueueMetadata, 'c', "r"),
        route("PUT /{queue}?comp=metadata", SetQueueMetadata, 'c', "w"),
        route("POST /{queue}/messages", PutMessage, 'o', "a"),
        route("GET /{queue}/messages", GetMessages, 'o', "p"),
        route("GET /{queue}/messages?peekonly=false", GetMessages, 'o', "p"),
        route("GET /{queue}/messages?peekonly=true", PeekMessages, 'o', "r"),
        route("DELETE /{queue}/messages", ClearMessages, 'o', "d"),
        route("PUT /{queue}/messages/{message}", UpdateMessage, 'o', "u"),
        route("DELETE /{queue}/messages/{message}", DeleteMessage, 'o', "p"),
    ]
};

const fn route(
    pattern: &'static str,
    operation: Operation,
    resource: char,
    any_of: &'static str,
) -> Route<Operation> {
    let permission = RequiredPermission { service: 'q', resource, any_of };
    Route { pattern, operation, permission }
}

impl Operation {
    /// Returns the operation of a request, or `None` if it is not modelled.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let (path, query) = (Path::parse(request.uri())?, Query::parse(request.uri()));
        let operation = find(&ROUTES, form_of(&path)?, request, &query)?;
        // The queue service documents no checksum; one that is not compared must not be accepted.
        (!request.headers().contains_key(CONTENT_MD5)).then_some(operation)
    }

    /// Returns the permission that the operation requires of an account SAS.
    pub(crate) fn required_permission(self) -> RequiredPermission {
        permission_of(&ROUTES, self)
    }
}

fn form_of(path: &Path<'_>) -> Option<&'static str> {
    if path.resource.is_empty() {
        return Some("/");
    }
    let rest = path.rest.trim_end_matches('/');
    match rest.split_once('/') {
        None if rest.is_empty() => Some("/{queue}"),
        None if rest == "messages" => Some("/{queue}/messages"),
        Some(("messages", id)) if !id.contains('/') => Some("/{queue}/messages/{message}"),
        _ => None,
    }
}
