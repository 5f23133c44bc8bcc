//! The handlers of the operations, and the steps that are common to both services.

use std::net::SocketAddr;

use http::{StatusCode, header};
use uuid::Uuid;

use emulator_core::clock::Clock;
use emulator_core::events::{EventContext, EventKind};
use emulator_core::service::{Request, Response};

use crate::account::Account;
use crate::api_version::ApiVersion;
use crate::auth::account_sas::RequiredPermission;
use crate::auth::{Grant, ReceivedAt, authorize};
use crate::context::RequestContext;
use crate::error::StorageError;
use crate::request::{Path, Query, check_name};
use crate::state::ids::IdGenerator;

pub(crate) mod blobs;
pub(crate) mod queues;

/// The account, clock, events and identifiers of one service.
#[derive(Debug)]
pub(crate) struct ServiceContext {
    account: Account,
    events: EventContext,
    ids: IdGenerator,
}

/// An authorized request.
struct Call<'a> {
    request: &'a Request,
    path: Path<'a>,
    query: Query<'a>,
    grant: Grant,
    context: &'a RequestContext,
}

impl Call<'_> {
    /// Checks that a request with a body names its length.
    ///
    /// A call inside the process has no client address, and no header that only a connection needs.
    fn require_length(&self) -> Result<(), StorageError> {
        let headers = self.request.headers();
        let is_sent = self.request.extensions().get::<SocketAddr>().is_some();
        if is_sent && !headers.contains_key(header::CONTENT_LENGTH) {
            return Err(StorageError::MISSING_CONTENT_LENGTH_HEADER);
        }
        Ok(())
    }
}

impl ServiceContext {
    /// Creates the context of a service; `id_stream` separates its identifiers from the other service's.
    fn new(account: Account, events: EventContext, id_stream: u64) -> Self {
        Self { account, events, ids: IdGenerator::new(id_stream) }
    }

    /// Returns the clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.events.clock
    }

    fn emit(&self, kind: EventKind) {
        self.events.emit(kind);
    }

    fn next_id(&self) -> Uuid {
        self.ids.next_id()
    }

    /// Authorizes a request, and responds with the result of `handle`.
    fn respond(
        &self,
        request: &Request,
        required: RequiredPermission,
        handle: impl FnOnce(&Call<'_>) -> Result<Response, StorageError>,
    ) -> Response {
        let context = RequestContext::new(request, self.next_id(), self.clock().now());
        let result = self.authorize(request, required, &context).and_then(|call| handle(&call));
        context.finish(result)
    }

    fn authorize<'a>(
        &self,
        request: &'a Request,
        required: RequiredPermission,
        context: &'a RequestContext,
    ) -> Result<Call<'a>, StorageError> {
        let path = Path::parse(request.uri()).expect("the operation was determined from the path");
        let query = Query::parse(request.uri());
        if path.account != self.account.name() {
            return Err(StorageError::RESOURCE_NOT_FOUND);
        }
        ApiVersion::of(request, &query)?;
        let (clock, machine) = (context.received_at, self.clock().without_advances());
        let received = ReceivedAt { clock, machine };
        let grant = authorize(&self.account, request, &query, required, received)?;
        query.number("timeout", 0..=i64::MAX)?;
        // Only List Queues has no resource.
        if !path.resource.is_empty() {
            check_name(&path.resource)?;
        }
        Ok(Call { request, path, query, grant, context })
    }

    /// Responds to a request with an error of the given status.
    fn failure_of(&self, request: &Request, status: StatusCode, message: &str) -> Response {
        let context = RequestContext::new(request, self.next_id(), self.clock().now());
        context.finish(Err(StorageError::from_status(status, message)))
    }

    /// Responds with an error of the given status.
    fn failure(&self, status: StatusCode, message: &str) -> Response {
        let context = RequestContext::without_request(self.next_id(), self.clock().now());
        context.finish(Err(StorageError::from_status(status, message)))
    }
}
