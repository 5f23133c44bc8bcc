//! Sends every request of the process: one [`HttpTransport`] leads to Azure, another to what is outside of it.
//!
//! A wire is a function, so that whoever calls the functions without sockets can put another one in its place.

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

pub use azure::{azure_options, reading_retries, short_retries};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Batch and storage give up after 30 seconds themselves; GitHub takes seconds at its worst.
const TIMEOUT: Duration = Duration::from_secs(40);

/// A request with its whole body.
pub type Request = http::Request<Bytes>;
/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

type Exchange =
    dyn Fn(Request) -> BoxFuture<'static, Result<Response, TransportError>> + Send + Sync;

/// Sends one request and gives its answer, whatever its status.
#[derive(Clone)]
pub struct HttpTransport(Arc<Exchange>);

/// The two ways out of the process.
#[derive(Clone, Debug)]
pub struct Transports {
    /// To what is within Azure, which private endpoints and no proxy lead to.
    pub azure: HttpTransport,
    /// To what is outside of Azure, which a proxy may lead to.
    pub external: HttpTransport,
}

/// A request has no answer. The text leaves the address out: a shared access signature is part of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransportError {
    /// It was not sent.
    #[error("{0}")]
    NotConnected(String),
    /// It may have arrived.
    #[error("{0}")]
    Broken(String),
}

impl HttpTransport {
    /// Makes a wire that ends in this function.
    pub fn new<F>(send: impl Fn(Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Response, TransportError>> + Send + 'static,
    {
        Self(Arc::new(move |request| send(request).boxed()))
    }

    /// Makes a wire of sockets.
    pub fn http(client: reqwest::Client) -> Self {
        Self::new(move |request| exchange(client.clone(), request))
    }

    /// Sends a request, once. It ends by the [`Deadline`] of the current work.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let left = Deadline::current().map_or(TIMEOUT, Deadline::remaining).min(TIMEOUT);
        if left.is_zero() {
            let fault = "not sent: the time of this invocation is over";
            return Err(TransportError::NotConnected(fault.to_owned()));
        }
        let late =
            || TransportError::Broken(format!("no answer within {:.1} s", left.as_secs_f64()));
        timeout(left, (self.0)(request)).await.unwrap_or_else(|_| Err(late()))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}

/// Begins a request to an address.
pub(crate) fn request_to(method: &http::Method, url: &Url) -> http::request::Builder {
    http::Request::builder().method(method.clone()).uri(url.as_str())
}

async fn exchange(client: reqwest::Client, request: Request) -> Result<Response, TransportError> {
    let answer = client.execute(request.try_into().map_err(quiet)?).await.map_err(quiet)?;
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    response.headers_mut().clone_from(answer.headers());
    *response.body_mut() = answer.bytes().await.map_err(quiet)?;
    Ok(response)
}

fn quiet(err: reqwest::Error) -> TransportError {
    let unsent = err.is_connect() || err.is_builder();
    let text = ErrorChain(&err.without_url() as &dyn Error).to_string();
    if unsent { TransportError::NotConnected(text) } else { TransportError::Broken(text) }
}

/// Builds the client for what is within Azure, which private endpoints and no proxy lead to. TLS is rustls with ring and built-in roots, so that it starts in an image without
/// CA certificates.
///
/// # Errors
/// The extra certificates cannot be read.
pub fn http_client(extra_ca_certificates: Option<&str>) -> Result<reqwest::Client, reqwest::Error> {
    client_by_proxy(None, extra_ca_certificates)
}

/// Builds the client for what is outside of Azure: it reaches https by the proxy at this address, if any.
///
/// # Errors
/// The proxy's address or the extra certificates cannot be read.
pub fn client_by_proxy(
    https_proxy: Option<&str>,
    extra_ca_certificates: Option<&str>,
) -> Result<reqwest::Client, reqwest::Error> {
    // An error says that a provider is installed already, which then is this one.
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
        // A redirect could carry a credential to a host that no setting names.
        .redirect(reqwest::redirect::Policy::none())
        // What the environment says of proxies is the platform's, and not a setting.
        .no_proxy()
        .user_agent(concat!("mayfly/", env!("CARGO_PKG_VERSION")));
    match https_proxy {
        Some(proxy) => builder.proxy(Proxy::https(proxy)?).build(),
        None => builder.build(),
    }
}
