//! The operations of the blob service.

use emulator_core::service::Request;

use super::{Route, find, permission_of};
use crate::auth::account_sas::RequiredPermission;
use crate::dto::checksums::{CONTENT_CRC64, CONTENT_MD5};
use crate::dto::include::Included;
use crate::handlers::blobs::append::{APPEND_POSITION, MAX_SIZE};
use crate::request::{Path, Query};

/// An operation, by its published name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the REST reference documents them under these names")]
pub enum Operation {
    ListContainers,
    GetBlobServiceProperties,
    GetAccountInformation,
    CreateContainer,
    GetContainerProperties,
    GetContainerMetadata,
    SetContainerMetadata,
    DeleteContainer,
    LeaseContainer,
    ListBlobs,
    PutBlob,
    GetBlob,
    GetBlobProperties,
    GetBlobMetadata,
    SetBlobMetadata,
    SetBlobProperties,
    DeleteBlob,
    AppendBlock,
    PutBlock,
    PutBlockList,
    GetBlockList,
    LeaseBlob,
}

/// The containers that the service names itself: of blobs without a container, of websites, and of logs.
const SPECIAL_CONTAINERS: [&str; 3] = ["$root", "$web", "$logs"];
const ACCOUNT: &str = "/";
const CONTAINER: &str = "/{container}";
const BLOB: &str = "/{container}/{blob}";

const ROUTES: [Route<Operation>; 22] = {
    use Operation::*;
    [
        on_account("GET /?comp=list", ListContainers, "l"),
        on_account("GET /?restype=service&comp=properties", GetBlobServiceProperties, "r"),
        on_account("GET|HEAD /?restype=account&comp=properties", GetAccountInformation, "r"),
        on_container("PUT /{container}?restype=container", CreateContainer, "cw"),
        on_container("GET|HEAD /{container}?restype=container", GetContainerProperties, "r"),
        on_container(
            "GET|HEAD /{container}?restype=container&comp=metadata",
            GetContainerMetadata,
            "r",
        ),
        on_container("PUT /{container}?restype=container&comp=metadata", SetContainerMetadata, "w"),
        on_container("DELETE /{container}?restype=container", DeleteContainer, "d"),
        // Delete is sufficient to break a lease.
        on_container("PUT /{container}?restype=container&comp=lease", LeaseContainer, "wd"),
        on_container("GET /{container}?restype=container&comp=list", ListBlobs, "l"),
        // Create is sufficient for a blob that does not exist yet.
        on_blob("PUT /{container}/{blob}", PutBlob, "cw"),
        on_blob("GET /{container}/{blob}", GetBlob, "r"),
        on_blob("HEAD /{container}/{blob}", GetBlobProperties, "r"),
        on_blob("DELETE /{container}/{blob}", DeleteBlob, "d"),
        on_blob("GET|HEAD /{container}/{blob}?comp=metadata", GetBlobMetadata, "r"),
        on_blob("PUT /{container}/{blob}?comp=metadata", SetBlobMetadata, "w"),
        on_blob("PUT /{container}/{blob}?comp=properties", SetBlobProperties, "w"),
        on_blob("PUT /{container}/{blob}?comp=appendblock", AppendBlock, "aw"),
        on_blob("PUT /{container}/{blob}?comp=block", PutBlock, "w"),
        on_blob("PUT /{container}/{blob}?comp=blocklist", PutBlockList, "w"),
        on_blob("GET /{container}/{blob}?comp=blocklist", GetBlockList, "r"),
        on_blob("PUT /{container}/{blob}?comp=lease", LeaseBlob, "wd"),
    ]
};

const fn on_account(
    pattern: &'static str,
    operation: Operation,
    any_of: &'static str,
) -> Route<Operation> {
    let permission = RequiredPermission { service: 'b', resource: 's', any_of };
    Route { pattern, operation, permission }
}

const fn on_container(
    pattern: &'static str,
    operation: Operation,
    any_of: &'static str,
) -> Route<Operation> {
    let permission = RequiredPermission { service: 'b', resource: 'c', any_of };
    Route { pattern, operation, permission }
}

const fn on_blob(
    pattern: &'static str,
    operation: Operation,
    any_of: &'static str,
) -> Route<Operation> {
    let permission = RequiredPermission { service: 'b', resource: 'o', any_of };
    Route { pattern, operation, permission }
}

impl Operation {
    /// Returns the operation of a request, or `None` if it is not modelled.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let (path, query) = (Path::parse(request.uri())?, Query::parse(request.uri()));
        if SPECIAL_CONTAINERS.contains(&path.resource.as_ref()) {
            return None;
        }
        let form = match (path.resource.is_empty(), path.rest.is_empty()) {
            (true, _) => ACCOUNT,
            (false, true) => CONTAINER,
            (false, false) => BLOB,
        };
        let operation = find(&ROUTES, form, request, &query)?;
        operation.is_modelled(request, &query).then_some(operation)
    }

    /// Returns whether the variant of the operation that the request selects is modelled.
    fn is_modelled(self, request: &Request, query: &Query<'_>) -> bool {
        let has = |name: &str| request.headers().contains_key(name);
        if self != Self::AppendBlock && [APPEND_POSITION, MAX_SIZE].into_iter().any(has) {
            return false;
        }
        match self {
            Self::ListContainers => Included::CONTAINERS.is_modelled(query),
            Self::ListBlobs => Included::BLOBS.is_modelled(query),
            Self::PutBlob => {
                let kind = request.headers().get("x-ms-blob-type");
                kind.is_none_or(|kind| kind == "BlockBlob" || kind == "AppendBlob")
            }
            Self::AppendBlock | Self::PutBlock | Self::PutBlockList => true,
            // A checksum that is not compared must not be accepted.
            _ => ![CONTENT_MD5, CONTENT_CRC64]
                .iter()
                .any(|name| request.headers().contains_key(name)),
        }
    }

    /// Returns the permission that the operation requires of an account SAS.
    pub(crate) fn required_permission(self) -> RequiredPermission {
        permission_of(&ROUTES, self)
    }
}
