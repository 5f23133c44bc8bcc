//! Makes the transport and the retries of every Azure client.

use std::sync::Arc;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::policies::{RetryHeaders, RetryPolicy};
use azure_core::http::{AsyncRawResponse, Body, ClientOptions, HttpClient};
use azure_core::http::{Request, RetryOptions, StatusCode, Transport};
use azure_core::time::Duration;

use super::{HttpTransport, TransportError, request_to};
use crate::deadline::Deadline;

/// How often a request is sent again.
const RETRIES: u32 = 3;
/// The pause before the last of them.
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_millis(800);
/// What took this long is not tried again.
const PATIENCE: Duration = Duration::seconds(5);

/// Makes the options of an Azure client that sends by this transport, with the retries that fit its callers.
pub fn azure_options(transport: &HttpTransport, retry: RetryOptions) -> ClientOptions {
    let transport = Transport::new(Arc::new(transport.clone()));
    ClientOptions { transport: Some(transport), retry, ..ClientOptions::default() }
}

/// Makes the retries of what a delivery or a claim waits for: GitHub waits ten seconds for an answer to its
/// delivery, and a container asks again by itself.
///
/// The token service is part of that. The default retries would go on for a minute after GitHub is gone, and
/// nobody would be told why.
pub fn short_retries() -> RetryOptions {
    RetryOptions::custom(Arc::new(ShortRetries(&[])))
}

/// Makes the retries of reading a list of which nothing may be missing. Who is throttled is not asked again.
pub fn reading_retries() -> RetryOptions {
    use StatusCode::{
        BadGateway, GatewayTimeout, InternalServerError, RequestTimeout, ServiceUnavailable,
    };
    const PASSING: &[StatusCode] =
        &[RequestTimeout, InternalServerError, BadGateway, ServiceUnavailable, GatewayTimeout];
    RetryOptions::custom(Arc::new(ShortRetries(PASSING)))
}

/// Waits 0.2, 0.4 and 0.8 seconds, whatever the service asks for.
///
/// The library's own policies add up to 256 ms by chance, and wait as long as they are told: a delivery
/// would be given up long before. Who asks here is a few processes, which need no chance to keep apart.
#[derive(Debug)]
struct ShortRetries(
    /// After which statuses; none are those that the library takes to pass: 429 and those of [`reading_retries`].
    &'static [StatusCode],
);

#[async_trait::async_trait]
impl RetryPolicy for ShortRetries {
    fn is_expired(&self, since_start: Duration, retries: u32) -> bool {
        retries >= RETRIES || since_start >= PATIENCE || !Deadline::leaves(LONGEST_PAUSE)
    }

    fn retry_headers(&self) -> Option<&RetryHeaders> {
        None
    }

    fn retry_status_codes(&self) -> &[StatusCode] {
        self.0
    }

    fn sleep_duration(&self, retry: u32) -> Duration {
        Duration::milliseconds(100) * 2_i32.pow(retry)
    }
}

#[async_trait::async_trait]
impl HttpClient for HttpTransport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let other = |err| Error::new(ErrorKind::Other, err);
        let method =
            request.method().as_str().parse().map_err(|err| Error::new(ErrorKind::Other, err))?;
        let mut outgoing = request_to(&method, request.url());
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        let Body::Bytes(body) = request.body().clone() else {
            return Err(Error::with_message(ErrorKind::Other, "nothing here streams a body"));
        };
        let answer = self.send(outgoing.body(body).map_err(other)?).await.map_err(quiet)?;
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            if let Ok(value) = value.to_str() {
                let name = HeaderName::from(name.as_str().to_owned());
                headers.insert(name, HeaderValue::from(value.to_owned()));
            }
        }
        let status = answer.status().as_u16().into();
        Ok(AsyncRawResponse::from_bytes(status, headers, answer.into_body()))
    }
}

fn quiet(err: TransportError) -> Error {
    let kind = match err {
        TransportError::NotConnected(_) => ErrorKind::Connection,
        TransportError::Broken(_) => ErrorKind::Io,
    };
    Error::new(kind, err)
}
