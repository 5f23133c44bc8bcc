//! A storage queue of the least kind: what the REST reference says about the five operations in use.

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

use super::world::PATIENCE;
use emulator_core::clock::Clock;
use emulator_core::service::{Emulator, Listening, Request, Response, Service, serve};

/// What was asked of the storage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operation {
    GetMessages,
    PutMessage,
    DeleteMessage,
    UpdateMessage,
    CreateQueue,
}

#[derive(Clone, Debug)]
struct Held {
    id: String,
    text: String,
    receipt: String,
    dequeue_count: u32,
    visible: DateTime<Utc>,
}

/// The queues behind the account.
pub(super) struct Queues {
    clock: Clock,
    queues: Mutex<BTreeMap<String, Vec<Held>>>,
    done: mpsc::UnboundedSender<Operation>,
}

/// The account on the network, and what was done with it.
pub(super) struct Storage {
    pub(super) service: Arc<Service<Queues>>,
    done: mpsc::UnboundedReceiver<Operation>,
    listening: Listening,
}

impl Storage {
    /// Starts an account with one queue.
    pub(super) async fn start(clock: &Clock, queue: &str) -> Self {
        let (sender, done) = mpsc::unbounded_channel();
        let queues = Mutex::new(BTreeMap::from([(queue.to_owned(), Vec::new())]));
        let queues = Queues { clock: clock.clone(), queues, done: sender };
        let service = Service::new(Arc::new(queues));
        let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let listening = serve(Arc::clone(&service), any).await.expect("a free port");
        Self { service, done, listening }
    }

    /// Tells the connection string.
    pub(super) fn connection(&self) -> String {
        let url = &self.listening.url;
        format!(
            "BlobEndpoint=http://b.test;QueueEndpoint={url}/acct/;SharedAccessSignature=?sv=1&sig=x%3D"
        )
    }

    /// Puts a message, encoded as the host wants it.
    pub(super) fn put(&self, queue: &str, text: &str) {
        self.put_raw(queue, &STANDARD.encode(text));
    }

    /// Puts a message as it is.
    pub(super) fn put_raw(&self, queue: &str, text: &str) {
        self.service.emulator.put(queue, text.to_owned()).expect("the queue exists");
    }

    /// Waits until the host has done something other than to poll.
    pub(super) async fn next(&mut self) -> Operation {
        loop {
            let done = timeout(PATIENCE, self.done.recv()).await;
            let done = done.expect("an operation in time").expect("the storage lives");
            if done != Operation::GetMessages {
                return done;
            }
        }
    }

    /// Shows a queue's messages, one a line: text as it lies there, tries, seconds until it is seen.
    pub(super) fn shown(&self, queue: &str) -> String {
        let now = self.service.emulator.clock.now();
        let queues = self.service.emulator.queues();
        let Some(messages) = queues.get(queue) else { return "no such queue".to_owned() };
        let line = |held: &Held| {
            let hidden = (held.visible - now).num_milliseconds().max(0);
            // Whole seconds, upwards: the story's own milliseconds do not count.
            format!("{} tried {}, hidden {}", held.text, held.dequeue_count, (hidden + 999) / 1000)
        };
        messages.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Queues {
    fn queues(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<Held>>> {
        self.queues.lock().expect("no holder of this lock can panic")
    }

    fn put(&self, queue: &str, text: String) -> Option<()> {
        let mut queues = self.queues();
        let messages = queues.get_mut(queue)?;
        let id = format!("message-{}", messages.len() + 1);
        let visible = self.clock.now();
        messages.push(Held { id, text, receipt: String::new(), dequeue_count: 0, visible });
        Some(())
    }

    fn take(&self, queue: &str, invisible: u64) -> Option<String> {
        let now = self.clock.now();
        let mut queues = self.queues();
        let mut xml = String::new();
        for held in queues.get_mut(queue)?.iter_mut().filter(|held| held.visible <= now) {
            held.dequeue_count += 1;
            held.visible = now + Duration::from_secs(invisible);
            held.receipt = format!("{}+{}/=", held.id, held.dequeue_count);
            let time = |time: DateTime<Utc>| time.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            xml += &format!(
                "<QueueMessage><MessageId>{}</MessageId><InsertionTime>{}</InsertionTime>\
                 <ExpirationTime>{}</ExpirationTime><PopReceipt>{}</PopReceipt>\
                 <TimeNextVisible>{}</TimeNextVisible><DequeueCount>{}</DequeueCount>\
                 <MessageText>{}</MessageText></QueueMessage>",
                held.id,
                time(now),
                time(now),
                held.receipt,
                time(held.visible),
                held.dequeue_count,
                held.text,
            );
        }
        Some(format!("<?xml version=\"1.0\"?><QueueMessagesList>{xml}</QueueMessagesList>"))
    }

    /// Hides a taken message from now on, or deletes it.
    fn change(&self, queue: &str, id: &str, receipt: &str, hidden: Option<u64>) -> Response {
        let now = self.clock.now();
        let mut queues = self.queues();
        let Some(messages) = queues.get_mut(queue) else { return status(404) };
        let Some(place) = messages.iter().position(|held| held.id == id) else {
            return status(404);
        };
        if messages[place].receipt != receipt {
            let mut answer = status(400);
            let code = HeaderValue::from_static("PopReceiptMismatch");
            answer.headers_mut().insert("x-ms-error-code", code);
            return answer;
        }
        let Some(seconds) = hidden else {
            messages.remove(place);
            return status(204);
        };
        messages[place].visible = now + Duration::from_secs(seconds);
        messages[place].receipt += "'";
        let mut answer = status(204);
        let receipt = HeaderValue::from_str(&messages[place].receipt).expect("it is ASCII");
        answer.headers_mut().insert("x-ms-popreceipt", receipt);
        answer
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
        assert_eq!((&*pairs["sv"], &*pairs["sig"]), ("1", "x="), "the signature came with it");
        let parts: Vec<_> = request.uri().path().split('/').skip(2).collect();
        let seconds = || pairs["visibilitytimeout"].parse().expect("seconds");
        let id = parts.get(2).map(|id| {
            percent_encoding::percent_decode_str(id).decode_utf8().expect("UTF-8").into_owned()
        });
        let change = |hidden| {
            self.change(parts[0], &id.clone().expect("an id"), &pairs["popreceipt"], hidden)
        };
        let answer = match operation {
            Operation::GetMessages => match self.take(parts[0], seconds()) {
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
        // A story that does not ask for it is over.
        let _ = self.done.send(operation);
        answer
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        let mut answer = Response::new(Bytes::from(message.to_owned()));
        *answer.status_mut() = status;
        answer
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

fn status(status: u16) -> Response {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
    answer
}
