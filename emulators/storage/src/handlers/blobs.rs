//! The blob service: containers, block blobs and append blobs.

use std::sync::{Arc, Mutex, MutexGuard};

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response};

use super::{Call, ServiceContext};
use crate::account::Account;
use crate::error::StorageError;
use crate::request::check_blob_name;
use crate::routes::blobs::Operation;
use crate::routes::condition_headers;
use crate::state::containers::Store;

mod administration;
pub(crate) mod append;
mod blocks;
mod containers;
mod content;
mod leases;
mod properties;

const ID_STREAM: u64 = u64::from_be_bytes(*b"blob    ");

/// The blob service of one storage account.
#[derive(Debug)]
pub struct Blobs {
    service: ServiceContext,
    store: Mutex<Store>,
}

impl Blobs {
    /// Creates the blob service of an account, without containers.
    pub fn new(account: Account, events: EventContext) -> Arc<Self> {
        let service = ServiceContext::new(account, events, ID_STREAM);
        Arc::new(Self { service, store: Mutex::default() })
    }

    fn handle(&self, operation: Operation, call: &Call<'_>) -> Result<Response, StorageError> {
        check_blob_name(&call.path.rest)?;
        condition_headers::check(operation, call.request.headers())?;
        match operation {
            Operation::ListContainers => self.list_containers(call),
            Operation::GetBlobServiceProperties => Ok(Self::get_service_properties()),
            Operation::GetAccountInformation => Ok(Self::get_account_information()),
            Operation::CreateContainer => self.create_container(call),
            Operation::GetContainerProperties => self.get_container_properties(call),
            Operation::GetContainerMetadata => self.get_container_metadata(call),
            Operation::SetContainerMetadata => self.set_container_metadata(call),
            Operation::DeleteContainer => self.delete_container(call),
            Operation::LeaseContainer => self.lease_container(call),
            Operation::ListBlobs => self.list_blobs(call),
            Operation::PutBlob => self.put_blob(call),
            Operation::GetBlob => self.get_blob(call),
            Operation::GetBlobProperties => self.get_blob_properties(call),
            Operation::GetBlobMetadata => self.get_blob_metadata(call),
            Operation::SetBlobMetadata => self.set_blob_metadata(call),
            Operation::SetBlobProperties => self.set_blob_properties(call),
            Operation::DeleteBlob => self.delete_blob(call),
            Operation::PutBlock => self.put_block(call),
            Operation::AppendBlock => self.append_block(call),
            Operation::PutBlockList => self.put_block_list(call),
            Operation::GetBlockList => self.get_block_list(call),
            Operation::LeaseBlob => self.lease_blob(call),
        }
    }

    /// Returns the containers, under their lock.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
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
        let required = operation.required_permission();
        self.service.respond(&request, required, |call| self.handle(operation, call))
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        self.service.failure(status, message)
    }

    fn failure_of(&self, request: &Request, status: StatusCode, message: &str) -> Response {
        self.service.failure_of(request, status, message)
    }

    fn clock(&self) -> &Clock {
        self.service.clock()
    }
}
