//! Sends all requests of the process: one [`HttpTransport`] for services in Azure, another for other hosts.
//!
//! A transport is a function, so that tests and simulations can replace the network.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use reqwest::{Certificate, Proxy};
use tokio::time::timeout;
use url::Url;

use crate::deadline::Deadline;
use crate::error_chain::ErrorChain;

mod azure;

pub(crate) use azure::short_retry_delay;
pub use azure::{azure_options, reading_retries, short_retries};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Batch and storage themselves time out after 30 seconds; GitHub takes seconds at worst.
const TIMEOUT: Duration = Duration::from_secs(40);

/// A request with its complete body.
pub type Request = http::Request<Bytes>;
/// A response with its complete body.
pub type Response = http::Response<Bytes>;

type SendFn = dyn Fn(Request) -> BoxFuture<'static, Result<Response, TransportError>> + Send + Sync;

/// Sends a request and returns the response, whatever its status.
#[derive(Clone)]
pub struct HttpTransport(Arc<SendFn>);

/// The transports of the process.
#[derive(Clone, Debug)]
pub struct Transports {
    /// For services in Azure, which are reached over private endpoints and without a proxy.
    pub azure: HttpTransport,
    /// For hosts outside of Azure, which may be reached through a proxy.
    pub external: HttpTransport,
}

/// The request has no response. The text omits the URL, which may contain a shared access signature.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransportError {
    /// The request was not sent.
    #[error("{0}")]
    NotConnected(String),
    /// The request may have arrived.
    #[error("{0}")]
    Broken(String),
}

impl HttpTransport {
    /// Creates a transport that calls a function.
    pub fn new<F>(send: impl Fn(Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Response, TransportError>> + Send + 'static,
    {
        Self(Arc::new(move |request| send(request).boxed()))
    }

    /// Creates a transport that uses the network.
    pub fn http(client: reqwest::Client) -> Self {
        Self::new(move |request| exchange(client.clone(), request))
    }

    /// Sends a request once, at the latest until the [`Deadline`] of the current work.
    pub async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let remaining = Deadline::current().map_or(TIMEOUT, Deadline::remaining).min(TIMEOUT);
        if remaining.is_zero() {
            let fault = "not sent: the time limit of this invocation was reached";
            return Err(TransportError::NotConnected(fault.to_owned()));
        }
        let late = || {
            TransportError::Broken(format!("no response within {:.1} s", remaining.as_secs_f64()))
        };
        timeout(remaining, (self.0)(request)).await.unwrap_or_else(|_| Err(late()))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}

/// Starts a request to a URL.
pub(crate) fn request_to(method: &http::Method, url: &Url) -> http::request::Builder {
    http::Request::builder().method(method.clone()).uri(url.as_str())
}

async fn exchange(client: reqwest::Client, request: Request) -> Result<Response, TransportError> {
    let received = client.execute(request.try_into().map_err(without_url)?).await;
    let received = received.map_err(without_url)?;
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = received.status();
    response.headers_mut().clone_from(received.headers());
    *response.body_mut() = received.bytes().await.map_err(without_url)?;
    Ok(response)
}

fn without_url(err: reqwest::Error) -> TransportError {
    let unsent = err.is_connect() || err.is_builder();
    let text = ErrorChain(&err.without_url() as &dyn Error).to_string();
    if unsent { TransportError::NotConnected(text) } else { TransportError::Broken(text) }
}

/// Creates the client for services in Azure, which are reached without a proxy. TLS is rustls with ring and built-in
/// roots, so it works in an image without CA certificates.
///
/// # Errors
/// When the extra certificates are malformed.
pub fn http_client(extra_ca_certificates: Option<&str>) -> Result<reqwest::Client, reqwest::Error> {
    proxied_client(None, extra_ca_certificates)
}

/// Creates the client for hosts outside of Azure, which uses the proxy at this URL for https, if any.
///
/// # Errors
/// When the proxy's URL or the extra certificates are malformed.
pub fn proxied_client(
    https_proxy: Option<&str>,
    extra_ca_certificates: Option<&str>,
) -> Result<reqwest::Client, reqwest::Error> {
    // It fails if a provider is installed already, which then is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(pem) = extra_ca_certificates {
        roots.extend(Certificate::from_pem_bundle(pem.as_bytes())?);
    }
    let builder = reqwest::Client::builder()
        .tls_certs_only(roots)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        // A redirect could send a credential to a host that is not in the settings.
        .redirect(reqwest::redirect::Policy::none())
        // Proxy variables of the environment belong to the platform; they are no settings.
        .no_proxy()
        .user_agent(concat!("mayfly/", env!("CARGO_PKG_VERSION")));
    match https_proxy {
        Some(proxy) => builder.proxy(Proxy::https(proxy)?).build(),
        None => builder.build(),
    }
}
