//! Emulates the queue service: queues, and messages that hide while somebody works on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response};

use super::account::Account;
use super::address::{Path, Query, check_name};
use super::authorization::authorize;
use super::exchange::Exchange;
use super::failure::Failure;
use super::ids::Ids;

mod operation;
mod administration;
mod messages;
mod queue;
mod receipt;
mod wire;

pub use operation::Operation;
use queue::Queue;

/// Sets the identifiers apart from those of the blob service.
const STREAM: u64 = u64::from_be_bytes(*b"queue   ");

/// The queue service of one storage account.
#[derive(Debug)]
pub struct Queues {
    account: Account,
    site: EventContext,
    ids: Ids,
    queues: Mutex<BTreeMap<String, Queue>>,
}

/// A message as it lies on a queue, for tests and timelines.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedMessage {
    /// The text as sent; base64 if the sender encoded it.
    pub text: String,
    /// How often it was handed out.
    pub dequeue_count: u32,
    /// Whether the next Get Messages could hand it out.
    pub visible: bool,
}

/// A request whose caller may do what he asks for.
struct Call<'a> {
    request: &'a Request,
    path: Path<'a>,
    query: Query<'a>,
    exchange: &'a Exchange,
}

impl Queues {
    /// Makes the queue service of an account, without queues.
    pub fn new(account: Account, site: EventContext) -> Arc<Self> {
        let (ids, queues) = (Ids::of(STREAM), Mutex::default());
        Arc::new(Self { account, site, ids, queues })
    }

    /// Lists the messages of a queue in the order in which they are, or become, visible.
    ///
    /// A queue that does not exist has none.
    pub fn messages(&self, queue: &str) -> Vec<QueuedMessage> {
        let now = self.site.clock.now();
        let seen = |queue: &mut Queue| queue.look_over(now);
        self.with_queue(queue, |queue| Ok(seen(queue))).unwrap_or_default()
    }

    fn act(
        &self,
        operation: Operation,
        request: &Request,
        exchange: &Exchange,
    ) -> Result<Response, Failure> {
        let path = Path::of(request.uri()).expect("the operation was read from it");
        let query = Query::of(request.uri());
        if path.account != self.account.name() {
            return Err(Failure::RESOURCE_NOT_FOUND);
        }
        authorize(&self.account, request, &query, operation.need(), exchange.at)?;
        if operation != Operation::ListQueues {
            check_name(&path.resource)?;
        }
        let call = Call { request, path, query, exchange };
        match operation {
            Operation::ListQueues => self.list_queues(&call),
            Operation::CreateQueue => self.create_queue(&call),
            Operation::DeleteQueue => self.delete_queue(&call),
            Operation::GetQueueMetadata => self.queue_metadata(&call),
            Operation::SetQueueMetadata => self.set_queue_metadata(&call),
            Operation::PutMessage => self.put_message(&call),
            Operation::GetMessages => self.take_messages(&call),
            Operation::PeekMessages => self.peek_messages(&call),
            Operation::ClearMessages => self.clear_messages(&call),
            Operation::UpdateMessage => self.update_message(&call),
            Operation::DeleteMessage => self.delete_message(&call),
        }
    }

    /// Does one step on a queue, under the lock.
    fn with_queue<T>(
        &self,
        name: &str,
        step: impl FnOnce(&mut Queue) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut queues = self.queues();
        step(queues.get_mut(name).ok_or(Failure::QUEUE_NOT_FOUND)?)
    }

    fn queues(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Queue>> {
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
