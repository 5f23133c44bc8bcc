//! Enqueues a message with one plain request: each delivery of GitHub waits for it.
//!
//! <https://learn.microsoft.com/rest/api/storageservices/put-message>

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use tokio::time::{Instant, sleep};
use url::Url;

use super::credential;
use crate::secret::SignedUrl;
use crate::transport::{HttpTransport, TransportError, request_to, short_retry_delay};

/// The version of the REST API, which is that of the crate for the other calls.
const API_VERSION: &str = "2026-04-06";
/// What the token of the identity is for.
const SCOPE: &str = "https://storage.azure.com/.default";
/// A message may be invisible for 7 days at most.
const MAX_DELAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// The messages of a queue, and the credential for them.
pub(super) struct MessageSender {
    messages: Url,
    identity: Option<Arc<dyn TokenCredential>>,
    transport: HttpTransport,
}

/// Why a message was not enqueued.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// Storage answered with an error: its status and its published code.
    #[error("{} {code}", status.as_u16())]
    Rejected {
        /// The HTTP status.
        status: StatusCode,
        /// The code; empty if the response has none.
        code: String,
    },
    /// There was no response.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// There is no token of the identity.
    #[error(transparent)]
    Token(azure_core::Error),
}

impl SendError {
    /// Returns whether the same request may succeed immediately afterwards.
    fn is_transient(&self) -> bool {
        match self {
            Self::Rejected { status, .. } => {
                matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
            }
            Self::Transport(_) => true,
            // The credential has repeated its own request.
            Self::Token(_) => false,
        }
    }
}

impl MessageSender {
    /// Creates a sender to the queue at this URL, with the identity unless the URL is signed.
    pub(super) fn new(
        queue: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> Self {
        let messages = queue.join("messages").expose().clone();
        Self { messages, identity: credential(queue, identity), transport: transport.clone() }
    }

    /// Enqueues a text in base64, which becomes visible after `delay`, in whole seconds.
    ///
    /// The request is repeated as those of the Azure clients are.
    pub(super) async fn send(&self, text: &str, delay: Duration) -> Result<(), SendError> {
        let url = self.url(delay.min(MAX_DELAY).as_secs());
        let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        let (body, began) = (Bytes::from(body), Instant::now());
        let mut retries = 0;
        loop {
            let err = match self.attempt(&url, body.clone()).await {
                Err(err) if err.is_transient() => err,
                done => return done,
            };
            let Some(pause) = short_retry_delay(retries, began.elapsed()) else { return Err(err) };
            retries += 1;
            sleep(pause).await;
        }
    }

    async fn attempt(&self, url: &Url, body: Bytes) -> Result<(), SendError> {
        let request = request_to(&Method::POST, url)
            .header(CONTENT_TYPE, "application/xml")
            .header("x-ms-version", API_VERSION)
            .body(body);
        let mut request = request.expect("a URL and plain headers");
        if let Some(authorization) = self.authorization().await? {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        let response = self.transport.send(request).await?;
        if response.status() == StatusCode::CREATED {
            return Ok(());
        }
        let code = response.headers().get("x-ms-error-code").and_then(|code| code.to_str().ok());
        let code = code.unwrap_or_default().to_owned();
        Err(SendError::Rejected { status: response.status(), code })
    }

    /// Returns the header of the identity, which caches its token; `None` if the URL is signed.
    async fn authorization(&self) -> Result<Option<HeaderValue>, SendError> {
        let Some(identity) = &self.identity else { return Ok(None) };
        let token = identity.get_token(&[SCOPE], None).await.map_err(SendError::Token)?;
        let value = HeaderValue::try_from(format!("Bearer {}", token.token.secret()));
        let malformed = |_| {
            azure_core::Error::with_message(
                azure_core::error::ErrorKind::Credential,
                "the token is no header value",
            )
        };
        let mut value = value.map_err(malformed).map_err(SendError::Token)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    fn url(&self, seconds: u64) -> Url {
        let mut url = self.messages.clone();
        if seconds > 0 {
            url.query_pairs_mut().append_pair("visibilitytimeout", &seconds.to_string());
        }
        url
    }
}
