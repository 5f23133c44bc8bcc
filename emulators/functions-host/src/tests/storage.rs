//! A minimal storage queue: the five operations in use, by the REST reference.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, StatusCode};
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::form_urlencoded;

use super::world::TEST_TIMEOUT;
use emulator_core::clock::Clock;
use emulator_core::service::{Emulator, Listening, Request, Response, Service, serve};

/// An operation of the queue service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operation {
    GetMessages,
    PutMessage,
    DeleteMessage,
    UpdateMessage,
    CreateQueue,
}

#[derive(Clone, Debug)]
struct StoredMessage {
    id: String,
    text: String,
    receipt: String,
    dequeue_count: u32,
    visible: DateTime<Utc>,
}

/// The queues of the account.
pub(super) struct Queues {
    clock: Clock,
    queues: Mutex<BTreeMap<String, Vec<StoredMessage>>>,
    operations: mpsc::UnboundedSender<Operation>,
}

/// The account on a socket, and its executed operations.
pub(super) struct Storage {
    pub(super) service: Arc<Service<Queues>>,
    operations: mpsc::UnboundedReceiver<Operation>,
    listening: Listening,
}

impl Storage {
    /// Starts an account with one queue.
    pub(super) async fn start(clock: &Clock, queue: &str) -> Self {
        let (sender, operations) = mpsc::unbounded_channel();
        let queues = Mutex::new(BTreeMap::from([(queue.to_owned(), Vec::new())]));
        let queues = Queues { clock: clock.clone(), queues, operations: sender };
        let service = Service::new(Arc::new(queues));
        let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let listening = serve(Arc::clone(&service), any).await.expect("a free port");
        Self { service, operations, listening }
    }

    /// Returns the connection string.
    pub(super) fn connection(&self) -> String {
        let url = &self.listening.url;
        format!(
            "BlobEndpoint=http://b.test;QueueEndpoint={url}/acct/;SharedAccessSignature=?sv=1&sig=x%3D"
        )
    }

    /// Puts a message with the encoding that the host expects.
    pub(super) fn put(&self, queue: &str, text: &str) {
        self.put_raw(queue, &STANDARD.encode(text));
    }

    /// Puts a message without encoding.
    pub(super) fn put_raw(&self, queue: &str, text: &str) {
        self.service.emulator.put(queue, text.to_owned()).expect("the queue exists");
    }

    /// Waits for the next operation other than a poll.
    pub(super) async fn next(&mut self) -> Operation {
        loop {
            let operation = timeout(TEST_TIMEOUT, self.operations.recv()).await;
            let operation = operation.expect("an operation in time").expect("the sender exists");
            if operation != Operation::GetMessages {
                return operation;
            }
        }
    }

    /// Returns a queue's messages as lines: stored text, attempts, seconds until it is visible.
    pub(super) fn describe(&self, queue: &str) -> String {
        let now = self.service.emulator.clock.now();
        let queues = self.service.emulator.queues();
        let Some(messages) = queues.get(queue) else { return "no such queue".to_owned() };
        let line = |message: &StoredMessage| {
            let hidden = (message.visible - now).num_milliseconds().max(0);
            // Rounded up to seconds, to ignore the duration of the test itself.
            format!(
                "{} attempts {}, hidden {}",
                message.text,
                message.dequeue_count,
                (hidden + 999) / 1000
            )
        };
        messages.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Queues {
    fn queues(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<StoredMessage>>> {
        self.queues.lock().expect("no holder of this lock can panic")
    }

    fn put(&self, queue: &str, text: String) -> Option<()> {
        let mut queues = self.queues();
        let messages = queues.get_mut(queue)?;
        let id = format!("message-{}", messages.len() + 1);
        let visible = self.clock.now();
        messages.push(StoredMessage {
            id,
            text,
            receipt: String::new(),
            dequeue_count: 0,
            visible,
        });
        Some(())
    }

    fn get(&self, queue: &str, invisible: u64) -> Option<String> {
        let now = self.clock.now();
        let mut queues = self.queues();
        let mut xml = String::new();
        for message in queues.get_mut(queue)?.iter_mut().filter(|message| message.visible <= now) {
            message.dequeue_count += 1;
            message.visible = now + Duration::from_secs(invisible);
            message.receipt = format!("{}+{}/=", message.id, message.dequeue_count);
            let time = |time: DateTime<Utc>| time.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            xml += &format!(
                "<QueueMessage><MessageId>{}</MessageId><InsertionTime>{}</InsertionTime>\
                 <ExpirationTime>{}</ExpirationTime><PopReceipt>{}</PopReceipt>\
                 <TimeNextVisible>{}</TimeNextVisible><DequeueCount>{}</DequeueCount>\
                 <MessageText>{}</MessageText></QueueMessage>",
                message.id,
                time(now),
                time(now),
                message.receipt,
                time(message.visible),
                message.dequeue_count,
                message.text,
            );
        }
        Some(format!("<?xml version=\"1.0\"?><QueueMessagesList>{xml}</QueueMessagesList>"))
    }

    /// Hides a message that was got, or deletes it.
    fn change(&self, queue: &str, id: &str, receipt: &str, hidden: Option<u64>) -> Response {
        let now = self.clock.now();
        let mut queues = self.queues();
        let Some(messages) = queues.get_mut(queue) else { return status(404) };
        let Some(index) = messages.iter().position(|message| message.id == id) else {
            return status(404);
        };
        if messages[index].receipt != receipt {
            let mut response = status(400);
            let code = HeaderValue::from_static("PopReceiptMismatch");
            response.headers_mut().insert("x-ms-error-code", code);
            return response;
        }
        let Some(seconds) = hidden else {
            messages.remove(index);
            return status(204);
        };
        messages[index].visible = now + Duration::from_secs(seconds);
        messages[index].receipt += "'";
        let mut response = status(204);
        let receipt = HeaderValue::from_str(&messages[index].receipt).expect("it is ASCII");
        response.headers_mut().insert("x-ms-popreceipt", receipt);
        response
    }
}

impl Emulator for Queues {
    const NAME: &'static str = "storage";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        let parts: Vec<_> = request.uri().path().split('/').skip(1).collect();
        match (request.method().clone(), &parts[..]) {
            (Method::GET, ["acct", _, "messages"]) => Some(Operation::GetMessages),
            (Method::POST, ["acct", _, "messages"]) => Some(Operation::PutMessage),
            (Method::DELETE, ["acct", _, "messages", _]) => Some(Operation::DeleteMessage),
            (Method::PUT, ["acct", _, "messages", _]) => Some(Operation::UpdateMessage),
            (Method::PUT, ["acct", _]) => Some(Operation::CreateQueue),
            _ => None,
        }
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let query = request.uri().query().unwrap_or_default();
        let pairs: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!((&*pairs["sv"], &*pairs["sig"]), ("1", "x="), "the request has the signature");
        let parts: Vec<_> = request.uri().path().split('/').skip(2).collect();
        let seconds = || pairs["visibilitytimeout"].parse().expect("seconds");
        let id = parts.get(2).map(|id| {
            percent_encoding::percent_decode_str(id).decode_utf8().expect("UTF-8").into_owned()
        });
        let change = |hidden| {
            self.change(parts[0], &id.clone().expect("an id"), &pairs["popreceipt"], hidden)
        };
        let response = match operation {
            Operation::GetMessages => match self.get(parts[0], seconds()) {
                Some(xml) => Response::new(Bytes::from(xml)),
                None => status(404),
            },
            Operation::PutMessage => {
                let body = String::from_utf8_lossy(request.body());
                let text = body.split(['<', '>']).nth(4).expect("a message's text").to_owned();
                self.put(parts[0], text).map_or(status(404), |()| status(201))
            }
            Operation::DeleteMessage => change(None),
            Operation::UpdateMessage => change(Some(seconds())),
            Operation::CreateQueue => {
                self.queues().entry(parts[0].to_owned()).or_default();
                status(201)
            }
        };
        // The only error is that the test has ended.
        let _ = self.operations.send(operation);
        response
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        let mut response = Response::new(Bytes::from(message.to_owned()));
        *response.status_mut() = status;
        response
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

fn status(status: u16) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}
