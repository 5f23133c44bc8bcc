//! Transport and retry policy of the Azure clients.

use std::sync::Arc;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::policies::{RetryHeaders, RetryPolicy};
use azure_core::http::{AsyncRawResponse, Body, ClientOptions, HttpClient};
use azure_core::http::{Request, RetryOptions, StatusCode, Transport};
use azure_core::time::Duration;

use super::{HttpTransport, TransportError, request_to};
use crate::deadline::Deadline;

/// Maximum number of retries of a request.
const MAX_RETRIES: u32 = 3;
/// The delay before the first of them; each further one is twice as long.
const FIRST_DELAY: std::time::Duration = std::time::Duration::from_millis(200);
/// The delay before the last of them.
const MAX_DELAY: std::time::Duration = std::time::Duration::from_millis(800);
/// A request is not retried after this time.
const RETRY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Returns the options of an Azure client with this transport and these retries.
pub fn azure_options(transport: &HttpTransport, retry: RetryOptions) -> ClientOptions {
    let transport = Transport::new(Arc::new(transport.clone()));
    ClientOptions { transport: Some(transport), retry, ..ClientOptions::default() }
}

/// Returns the retries for requests of a delivery or a claim: GitHub waits ten seconds for the response to a delivery,
/// and a container repeats its claim.
///
/// They apply to the token service, too. The default retries would continue for a minute, when GitHub no longer waits,
/// and no cause would be reported.
pub fn short_retries() -> RetryOptions {
    RetryOptions::custom(Arc::new(ShortRetries(&[])))
}

/// Returns the delay before another attempt of a request that [`short_retries`] would repeat; `None` after the last one.
pub(crate) fn short_retry_delay(
    retries: u32,
    since_start: std::time::Duration,
) -> Option<std::time::Duration> {
    let expired =
        retries >= MAX_RETRIES || since_start >= RETRY_TIMEOUT || !Deadline::leaves(MAX_DELAY);
    (!expired).then(|| FIRST_DELAY * 2_u32.pow(retries))
}

/// Returns the retries for reading a list that must be complete. A throttled request is not retried.
pub fn reading_retries() -> RetryOptions {
    use StatusCode::{
        BadGateway, GatewayTimeout, InternalServerError, RequestTimeout, ServiceUnavailable,
    };
    const PASSING: &[StatusCode] =
        &[RequestTimeout, InternalServerError, BadGateway, ServiceUnavailable, GatewayTimeout];
    RetryOptions::custom(Arc::new(ShortRetries(PASSING)))
}

/// Waits 0.2, 0.4 and 0.8 seconds, whatever delay the service demands.
///
/// The library's own policies add up to 256 ms at random, and wait as long as the service demands: GitHub would abandon
/// the delivery long before. The few processes that send requests here need no randomness to avoid bursts.
#[derive(Debug)]
struct ShortRetries(
    /// The statuses after which to retry. If empty, the library's defaults: 429 and those of [`reading_retries`].
    &'static [StatusCode],
);

#[async_trait::async_trait]
impl RetryPolicy for ShortRetries {
    fn is_expired(&self, since_start: Duration, retries: u32) -> bool {
        short_retry_delay(retries, since_start.try_into().unwrap_or_default()).is_none()
    }

    fn retry_headers(&self) -> Option<&RetryHeaders> {
        None
    }

    fn retry_status_codes(&self) -> &[StatusCode] {
        self.0
    }

    fn sleep_duration(&self, retry: u32) -> Duration {
        // The first retry has the number 1.
        (FIRST_DELAY * 2_u32.pow(retry.saturating_sub(1))).try_into().unwrap_or(Duration::ZERO)
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
            return Err(Error::with_message(ErrorKind::Other, "streamed bodies are not supported"));
        };
        let response = self.send(outgoing.body(body).map_err(other)?).await.map_err(to_azure)?;
        let mut headers = Headers::new();
        for (name, value) in response.headers() {
            if let Ok(value) = value.to_str() {
                let name = HeaderName::from(name.as_str().to_owned());
                headers.insert(name, HeaderValue::from(value.to_owned()));
            }
        }
        let status = response.status().as_u16().into();
        Ok(AsyncRawResponse::from_bytes(status, headers, response.into_body()))
    }
}

fn to_azure(err: TransportError) -> Error {
    let kind = match err {
        TransportError::NotConnected(_) => ErrorKind::Connection,
        TransportError::Broken(_) => ErrorKind::Io,
    };
    Error::new(kind, err)
}
