//! Emulates the blob service: containers and block blobs.

use std::sync::{Arc, Mutex};

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response};

use super::account::Account;
use super::address::{Path, Query, check_name};
use super::authorization::{Grant, authorize};
use super::exchange::Exchange;
use super::failure::Failure;
use super::ids::Ids;

mod operation;
mod containers;
mod contents;
mod blocks;
mod store;
mod blob;
mod conditions;
mod range;
mod wire;

pub use operation::Operation;
use store::Store;

/// Sets the identifiers apart from those of the queue service.
const STREAM: u64 = u64::from_be_bytes(*b"blob    ");

/// The blob service of one storage account.
#[derive(Debug)]
pub struct Blobs {
    account: Account,
    site: EventContext,
    ids: Ids,
    store: Mutex<Store>,
}

/// A request whose caller may do what he asks for.
struct Call<'a> {
    request: &'a Request,
    path: Path<'a>,
    query: &'a Query<'a>,
    grant: Grant<'a>,
    exchange: &'a Exchange,
}

impl Blobs {
    /// Makes the blob service of an account, without containers.
    pub fn new(account: Account, site: EventContext) -> Arc<Self> {
        let (ids, store) = (Ids::of(STREAM), Mutex::default());
        Arc::new(Self { account, site, ids, store })
    }

    /// Lists the names of the blobs of a container; one that does not exist has none.
    pub fn names(&self, container: &str) -> Vec<String> {
        self.store().names(container)
    }

    fn act(
        &self,
        operation: Operation,
        request: &Request,
        exchange: &Exchange,
    ) -> Result<Response, Failure> {
        let path = Path::of(request.uri()).expect("the operation was read from it");
        let query = &Query::of(request.uri());
        if path.account != self.account.name() {
            return Err(Failure::RESOURCE_NOT_FOUND);
        }
        let grant = authorize(&self.account, request, query, operation.need(), exchange.at)?;
        check_name(&path.resource)?;
        let call = Call { request, path, query, grant, exchange };
        match operation {
            Operation::CreateContainer => self.create_container(&call),
            Operation::GetContainerProperties => self.container_properties(&call),
            Operation::DeleteContainer => self.delete_container(&call),
            Operation::ListBlobs => self.list_blobs(&call),
            Operation::PutBlob => self.put_blob(&call),
            Operation::GetBlob => self.blob(&call),
            Operation::GetBlobProperties => self.blob_properties(&call),
            Operation::GetBlobMetadata => self.blob_metadata(&call),
            Operation::SetBlobMetadata => self.set_blob_metadata(&call),
            Operation::DeleteBlob => self.delete_blob(&call),
            Operation::PutBlock => self.put_block(&call),
            Operation::PutBlockList => self.put_block_list(&call),
        }
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.store.lock().expect("no holder of this lock can panic")
    }
}

impl Emulator for Blobs {
    const NAME: &'static str = "blob";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        Operation::of(request)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let exchange = Exchange::open(&request, self.ids.draw(), self.site.clock.now());
        let answer = self.act(operation, &request, &exchange);
        exchange.close(answer)
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        let exchange = Exchange::unasked(self.ids.draw(), self.site.clock.now());
        exchange.close(Err(Failure::of_status(status, message)))
    }

    fn clock(&self) -> &Clock {
        &self.site.clock
    }
}
