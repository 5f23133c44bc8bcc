//! The queue service: queues, and messages that are hidden while a consumer processes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response};

use super::{Call, ServiceContext};
use crate::account::Account;
use crate::dto::account::ServiceProperties;
use crate::error::StorageError;
use crate::response::xml;
use crate::routes::queues::Operation;
use crate::state::deletions::Deletions;
use crate::state::queue::Queue;

mod administration;
mod messages;

const ID_STREAM: u64 = u64::from_be_bytes(*b"queue   ");

/// The queue service of one storage account.
#[derive(Debug)]
pub struct Queues {
    pub(crate) service: ServiceContext,
    queues: Mutex<BTreeMap<String, Queue>>,
    deletions: Mutex<Deletions>,
}

impl Queues {
    /// Creates the queue service of an account, without queues.
    pub fn new(account: Account, events: EventContext) -> Arc<Self> {
        let service = ServiceContext::new(account, events, ID_STREAM);
        let (queues, deletions) = Default::default();
        Arc::new(Self { service, queues, deletions })
    }

    fn handle(&self, operation: Operation, call: &Call<'_>) -> Result<Response, StorageError> {
        match operation {
            Operation::ListQueues => self.list_queues(call),
            Operation::GetQueueServiceProperties => {
                // Those of a new account; they cannot be set.
                let properties = ServiceProperties::of_queues();
                Ok(xml(StatusCode::OK, "StorageServiceProperties", &properties))
            }
            Operation::CreateQueue => self.create_queue(call),
            Operation::DeleteQueue => self.delete_queue(call),
            Operation::GetQueueMetadata => self.get_queue_metadata(call),
            Operation::SetQueueMetadata => self.set_queue_metadata(call),
            Operation::PutMessage => self.put_message(call),
            Operation::GetMessages => self.get_messages(call),
            Operation::PeekMessages => self.peek_messages(call),
            Operation::ClearMessages => self.clear_messages(call),
            Operation::UpdateMessage => self.update_message(call),
            Operation::DeleteMessage => self.delete_message(call),
        }
    }

    /// Calls `action` with a queue, under the lock.
    pub(crate) fn with_queue<T>(
        &self,
        name: &str,
        action: impl FnOnce(&mut Queue) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut queues = self.queues();
        action(queues.get_mut(name).ok_or(StorageError::QUEUE_NOT_FOUND)?)
    }

    fn deletions(&self) -> MutexGuard<'_, Deletions> {
        self.deletions.lock().expect("no holder of this lock can panic")
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().expect("no holder of this lock can panic")
    }
}

impl Emulator for Queues {
    const NAME: &'static str = "queue";
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
