//! Speaks the Queue service's REST API, as far as the queue trigger needs it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Connection, Message, message};
use crate::http_client::{HttpClient, Length, NoAnswer};
use emulator_core::clock::Clock;
use emulator_core::service::{Request, Response};

const VERSION: &str = "2024-11-04";
/// The waits of the storage SDK between its tries.
const RETRY_WAITS: [Duration; 3] =
    [Duration::from_millis(800), Duration::from_millis(1600), Duration::from_millis(3200)];

/// A queue, reached through a shared access signature.
#[derive(Clone)]
pub(super) struct Queue {
    connection: Connection,
    name: String,
    clock: Clock,
    client: HttpClient,
}

/// An operation was not done; the variants are what a caller tells apart.
#[derive(Debug, thiserror::Error)]
pub(super) enum StorageError {
    /// The queue or the message is not there.
    #[error("the queue or the message is not there")]
    Missing,
    /// The pop receipt is not the newest: the message was taken by somebody else.
    #[error("the message was taken by somebody else")]
    TakenOver,
    /// The service refused.
    #[error("storage answered {0}")]
    Refused(StatusCode),
    /// The service was not reached.
    #[error("storage did not answer")]
    Unreachable(#[from] NoAnswer),
    /// The answer is not what the reference describes.
    #[error("storage's answer is malformed")]
    Malformed(#[from] quick_xml::DeError),
    /// The answer lacks the new pop receipt.
    #[error("storage's answer has no pop receipt")]
    NoReceipt,
}

impl Queue {
    pub(super) fn new(
        connection: &Connection,
        name: &str,
        clock: Clock,
        client: HttpClient,
    ) -> Self {
        let (connection, name) = (connection.clone(), name.to_owned());
        Self { connection, name, clock, client }
    }

    /// Makes a queue of the same account.
    pub(super) fn sibling(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes up to `count` messages, which nobody else sees for a while.
    pub(super) async fn get_messages(
        &self,
        count: usize,
        invisible: Duration,
    ) -> Result<Vec<Message>, StorageError> {
        let query = format!("numofmessages={count}&visibilitytimeout={}", invisible.as_secs());
        let answer = self.call(Method::GET, "/messages", &query, String::new()).await?;
        Ok(message::read_list(answer.body())?)
    }

    /// Deletes a taken message.
    pub(super) async fn delete(&self, message: &Message) -> Result<(), StorageError> {
        let query = receipt(message);
        self.call(Method::DELETE, &place(message), &query, String::new()).await.map(drop)
    }

    /// Sets when a taken message is seen again; tells the pop receipt that is valid from now on.
    pub(super) async fn update_visibility(
        &self,
        message: &Message,
        invisible: Duration,
    ) -> Result<String, StorageError> {
        let query = format!("{}&visibilitytimeout={}", receipt(message), invisible.as_secs());
        let answer = self.call(Method::PUT, &place(message), &query, String::new()).await?;
        let receipt = answer.headers().get("x-ms-popreceipt").and_then(|value| value.to_str().ok());
        receipt.map(str::to_owned).ok_or(StorageError::NoReceipt)
    }

    /// Puts a message, and makes the queue first where there is none.
    pub(super) async fn put_creating(&self, text: &str) -> Result<(), StorageError> {
        let body = message::write(text);
        match self.call(Method::POST, "/messages", "", body.clone()).await {
            Err(StorageError::Missing) => {
                self.call(Method::PUT, "", "", String::new()).await?;
                self.call(Method::POST, "/messages", "", body).await.map(drop)
            }
            other => other.map(drop),
        }
    }

    async fn call(
        &self,
        method: Method,
        place: &str,
        query: &str,
        body: String,
    ) -> Result<Response, StorageError> {
        let body = Bytes::from(body);
        for wait in RETRY_WAITS {
            let request = self.request(&method, place, query, body.clone());
            match self.client.send(request, Length::Known).await {
                Ok(answer) if !answer.status().is_server_error() => return read(answer),
                Ok(answer) => tracing::debug!(status = %answer.status(), "storage is busy"),
                Err(err) => tracing::debug!(%err, "storage was not reached"),
            }
            self.clock.sleep_until(self.clock.now() + wait).await;
        }
        let request = self.request(&method, place, query, body);
        read(self.client.send(request, Length::Known).await?)
    }

    fn request(&self, method: &Method, place: &str, query: &str, body: Bytes) -> Request {
        let Connection { endpoint, signature } = &self.connection;
        let query = if query.is_empty() { String::new() } else { format!("{query}&") };
        let uri = format!("{endpoint}/{}{place}?{query}{signature}", self.name);
        http::Request::builder()
            .method(method)
            .uri(uri)
            .header("x-ms-version", VERSION)
            .header("x-ms-date", self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .header(header::CONTENT_TYPE, "application/xml")
            .body(body)
            .expect("the endpoint was parsed, the rest is percent-encoded")
    }
}

fn read(answer: Response) -> Result<Response, StorageError> {
    let code = answer.headers().get("x-ms-error-code").map(|code| code.as_bytes());
    match answer.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::NOT_FOUND => Err(StorageError::Missing),
        StatusCode::BAD_REQUEST if code == Some(b"PopReceiptMismatch") => {
            Err(StorageError::TakenOver)
        }
        status => Err(StorageError::Refused(status)),
    }
}

fn place(message: &Message) -> String {
    format!("/messages/{}", utf8_percent_encode(&message.id, NON_ALPHANUMERIC))
}

fn receipt(message: &Message) -> String {
    format!("popreceipt={}", utf8_percent_encode(&message.pop_receipt, NON_ALPHANUMERIC))
}
