//! A client for the operations of the queue service that the queue trigger needs.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use emulator_core::clock::Clock;
use emulator_core::service::{Request, Response};

use super::connection::{Connection, Credential};
use crate::dto::queue_message::{Message, parse_messages, put_message_body};
use crate::http_client::{HttpClient, Length, NoResponse};

const API_VERSION: &str = "2024-11-04";
/// The retry delays of the storage SDK.
const RETRY_DELAYS: [Duration; 3] =
    [Duration::from_millis(800), Duration::from_millis(1600), Duration::from_millis(3200)];

/// A client for one queue, which authenticates with the credential of its connection.
#[derive(Clone)]
pub(super) struct QueueClient {
    connection: Connection,
    name: String,
    clock: Clock,
    client: HttpClient,
}

/// The reason that an operation failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum StorageError {
    /// The queue or the message does not exist.
    #[error("the queue or the message does not exist")]
    NotFound,
    /// The pop receipt is not the latest: another consumer got the message.
    #[error("another consumer got the message")]
    ReceiptMismatch,
    /// The service rejected the request.
    #[error("storage responded {0}")]
    Rejected(StatusCode),
    /// The service sent no response.
    #[error("storage sent no response")]
    Unreachable(#[from] NoResponse),
    /// The response does not have the documented format.
    #[error("the response of storage is malformed")]
    Malformed(#[from] quick_xml::DeError),
    /// The response has no pop receipt.
    #[error("the response of storage has no pop receipt")]
    NoReceipt,
}

impl QueueClient {
    pub(super) fn new(
        connection: &Connection,
        name: &str,
        clock: Clock,
        client: HttpClient,
    ) -> Self {
        let (connection, name) = (connection.clone(), name.to_owned());
        Self { connection, name, clock, client }
    }

    /// Returns a client for another queue of the same account.
    pub(super) fn with_name(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Gets up to `count` messages, and hides them from other consumers for `invisible`.
    pub(super) async fn get_messages(
        &self,
        count: usize,
        invisible: Duration,
    ) -> Result<Vec<Message>, StorageError> {
        let query = format!("numofmessages={count}&visibilitytimeout={}", invisible.as_secs());
        let response = self.call(Method::GET, "/messages", &query, String::new()).await?;
        Ok(parse_messages(response.body())?)
    }

    /// Deletes a message that was got.
    pub(super) async fn delete(&self, message: &Message) -> Result<(), StorageError> {
        let query = receipt_query(message);
        self.call(Method::DELETE, &message_path(message), &query, String::new()).await.map(drop)
    }

    /// Sets the time after which a message becomes visible again; returns its new pop receipt.
    pub(super) async fn update_visibility(
        &self,
        message: &Message,
        invisible: Duration,
    ) -> Result<String, StorageError> {
        let query = format!("{}&visibilitytimeout={}", receipt_query(message), invisible.as_secs());
        let response =
            self.call(Method::PUT, &message_path(message), &query, String::new()).await?;
        let receipt =
            response.headers().get("x-ms-popreceipt").and_then(|value| value.to_str().ok());
        receipt.map(str::to_owned).ok_or(StorageError::NoReceipt)
    }

    /// Puts a message, and creates the queue if it does not exist.
    pub(super) async fn put_message_creating_queue(&self, text: &str) -> Result<(), StorageError> {
        let body = put_message_body(text);
        match self.call(Method::POST, "/messages", "", body.clone()).await {
            Err(StorageError::NotFound) => {
                self.call(Method::PUT, "", "", String::new()).await?;
                self.call(Method::POST, "/messages", "", body).await.map(drop)
            }
            other => other.map(drop),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: String,
    ) -> Result<Response, StorageError> {
        let body = Bytes::from(body);
        for delay in RETRY_DELAYS {
            let request = self.request(&method, path, query, body.clone());
            match self.client.send(request, Length::Known).await {
                Ok(response) if !response.status().is_server_error() => {
                    return check_status(response);
                }
                Ok(response) => tracing::debug!(status = %response.status(), "storage is busy"),
                Err(err) => tracing::debug!(%err, "storage sent no response"),
            }
            self.clock.sleep_until(self.clock.now() + delay).await;
        }
        let request = self.request(&method, path, query, body);
        check_status(self.client.send(request, Length::Known).await?)
    }

    fn request(&self, method: &Method, path: &str, query: &str, body: Bytes) -> Request {
        let Connection { endpoint, credential } = &self.connection;
        let signature = match credential {
            Credential::Signature(signature) => signature,
            Credential::Key(_) => "",
        };
        let parameters = [query, signature].into_iter().filter(|part| !part.is_empty());
        let query = parameters.collect::<Vec<_>>().join("&");
        let uri = format!("{endpoint}/{}{path}?{query}", self.name);
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("x-ms-version", API_VERSION)
            .header("x-ms-date", self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .header(header::CONTENT_TYPE, "application/xml")
            .body(body)
            .expect("the endpoint is a URL, and the rest is percent-encoded");
        if let Credential::Key(key) = credential {
            key.sign(&mut request);
        }
        request
    }
}

fn check_status(response: Response) -> Result<Response, StorageError> {
    let code = response.headers().get("x-ms-error-code").map(|code| code.as_bytes());
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND => Err(StorageError::NotFound),
        StatusCode::BAD_REQUEST if code == Some(b"PopReceiptMismatch") => {
            Err(StorageError::ReceiptMismatch)
        }
        status => Err(StorageError::Rejected(status)),
    }
}

fn message_path(message: &Message) -> String {
    format!("/messages/{}", utf8_percent_encode(&message.id, NON_ALPHANUMERIC))
}

fn receipt_query(message: &Message) -> String {
    format!("popreceipt={}", utf8_percent_encode(&message.pop_receipt, NON_ALPHANUMERIC))
}
