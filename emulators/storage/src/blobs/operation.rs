//! Names the operation of the blob service that a request asks for.

use http::Method;

use crate::address::{Path, Query};
use crate::authorization::Need;
use crate::modelled::is_modelled;
use emulator_core::service::Request;

/// An operation, by its published name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the REST reference documents them under these names")]
pub enum Operation {
    CreateContainer,
    GetContainerProperties,
    DeleteContainer,
    ListBlobs,
    PutBlob,
    GetBlob,
    GetBlobProperties,
    GetBlobMetadata,
    SetBlobMetadata,
    DeleteBlob,
    PutBlock,
    PutBlockList,
}

impl Operation {
    /// Names what a request asks for; `None` where it is not modelled.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let (path, query) = (Path::of(request.uri())?, Query::of(request.uri()));
        if !is_modelled(request, &query) || path.resource.is_empty() {
            return None;
        }
        let (method, comp) = (request.method(), query.get("comp"));
        match (path.rest.is_empty(), query.get("restype")) {
            (true, Some("container")) => Self::of_container(method, comp, query.get("include")),
            (false, None) => Self::of_blob(request, comp),
            _ => None,
        }
    }

    fn of_container(method: &Method, comp: Option<&str>, include: Option<&str>) -> Option<Self> {
        match (method, comp) {
            (&Method::PUT, None) => Some(Self::CreateContainer),
            (&Method::GET | &Method::HEAD, None) => Some(Self::GetContainerProperties),
            (&Method::DELETE, None) => Some(Self::DeleteContainer),
            (&Method::GET, Some("list")) => {
                let uncommitted = include.is_some_and(|what| what.contains("uncommittedblobs"));
                (!uncommitted).then_some(Self::ListBlobs)
            }
            _ => None,
        }
    }

    fn of_blob(request: &Request, comp: Option<&str>) -> Option<Self> {
        match (request.method(), comp) {
            (&Method::PUT, None) => {
                let kind = request.headers().get("x-ms-blob-type");
                kind.is_none_or(|kind| kind == "BlockBlob").then_some(Self::PutBlob)
            }
            (&Method::GET, None) => Some(Self::GetBlob),
            (&Method::HEAD, None) => Some(Self::GetBlobProperties),
            (&Method::DELETE, None) => Some(Self::DeleteBlob),
            (&Method::GET | &Method::HEAD, Some("metadata")) => Some(Self::GetBlobMetadata),
            (&Method::PUT, Some("metadata")) => Some(Self::SetBlobMetadata),
            (&Method::PUT, Some("block")) => Some(Self::PutBlock),
            (&Method::PUT, Some("blocklist")) => Some(Self::PutBlockList),
            _ => None,
        }
    }

    /// Tells what an account SAS must permit.
    pub(super) fn need(self) -> Need {
        let (resource, any_of) = match self {
            Self::CreateContainer => ('c', "cw"),
            Self::GetContainerProperties => ('c', "r"),
            Self::DeleteContainer => ('c', "d"),
            Self::ListBlobs => ('c', "l"),
            // To create is enough for a blob that is not there yet.
            Self::PutBlob => ('o', "cw"),
            Self::GetBlob | Self::GetBlobProperties | Self::GetBlobMetadata => ('o', "r"),
            Self::SetBlobMetadata | Self::PutBlock | Self::PutBlockList => ('o', "w"),
            Self::DeleteBlob => ('o', "d"),
        };
        Need { service: 'b', resource, any_of }
    }
}
