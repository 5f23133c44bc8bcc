//! Names the operation of the queue service that a request asks for.

use http::Method;

use crate::address::{Path, Query};
use crate::authorization::Need;
use crate::modelled::is_modelled;
use emulator_core::service::Request;

/// An operation, by its published name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the REST reference documents them under these names")]
pub enum Operation {
    ListQueues,
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

impl Operation {
    /// Names what a request asks for; `None` where it is not modelled.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let (path, query) = (Path::of(request.uri())?, Query::of(request.uri()));
        if !is_modelled(request, &query) || query.get("restype").is_some() {
            return None;
        }
        let comp = query.get("comp");
        let (method, rest) = (request.method(), path.rest.trim_end_matches('/'));
        match (rest.split_once('/'), rest) {
            _ if path.resource.is_empty() => match (method, comp) {
                (&Method::GET, Some("list")) => Some(Self::ListQueues),
                _ => None,
            },
            (None, "") => Self::of_queue(method, comp),
            (None, "messages") if comp.is_none() => {
                Self::of_messages(method, query.get("peekonly"))
            }
            (Some(("messages", id)), _) if comp.is_none() && !id.contains('/') => match *method {
                Method::PUT => Some(Self::UpdateMessage),
                Method::DELETE => Some(Self::DeleteMessage),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_queue(method: &Method, comp: Option<&str>) -> Option<Self> {
        match (method, comp) {
            (&Method::PUT, None) => Some(Self::CreateQueue),
            (&Method::DELETE, None) => Some(Self::DeleteQueue),
            (&Method::GET | &Method::HEAD, Some("metadata")) => Some(Self::GetQueueMetadata),
            (&Method::PUT, Some("metadata")) => Some(Self::SetQueueMetadata),
            _ => None,
        }
    }

    fn of_messages(method: &Method, peek_only: Option<&str>) -> Option<Self> {
        match (method, peek_only) {
            (&Method::POST, None) => Some(Self::PutMessage),
            (&Method::GET, Some("true")) => Some(Self::PeekMessages),
            (&Method::GET, None | Some("false")) => Some(Self::GetMessages),
            (&Method::DELETE, None) => Some(Self::ClearMessages),
            _ => None,
        }
    }

    /// Tells what an account SAS must permit.
    pub(super) fn need(self) -> Need {
        let (resource, any_of) = match self {
            Self::ListQueues => ('s', "l"),
            Self::CreateQueue => ('c', "cw"),
            Self::DeleteQueue => ('c', "d"),
            Self::GetQueueMetadata => ('c', "r"),
            Self::SetQueueMetadata => ('c', "w"),
            Self::PutMessage => ('o', "a"),
            Self::GetMessages | Self::DeleteMessage => ('o', "p"),
            Self::PeekMessages => ('o', "r"),
            Self::ClearMessages => ('o', "d"),
            Self::UpdateMessage => ('o', "u"),
        };
        Need { service: 'q', resource, any_of }
    }
}
