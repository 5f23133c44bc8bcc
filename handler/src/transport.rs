//! The HTTP clients of the process: one for GitHub, and one that is the transport of every Azure client.

use std::sync::Arc;
use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, ClientOptions, ExponentialRetryOptions};
use azure_core::http::{HttpClient, Request, RetryOptions, Transport};
use reqwest::{Certificate, Proxy};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Batch and storage give up after 30 seconds themselves; GitHub takes seconds at its worst.
const TIMEOUT: Duration = Duration::from_secs(40);

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

/// Makes the options of an Azure client that sends by this client, with the retries that fit its callers.
pub fn azure_options(client: &reqwest::Client, retry: RetryOptions) -> ClientOptions {
    let transport = Transport::new(Arc::new(Quiet(client.clone())));
    ClientOptions { transport: Some(transport), retry, ..ClientOptions::default() }
}

/// Makes the retries of what a delivery or a claim waits for: GitHub waits ten seconds for an answer to its
/// delivery, and a container asks again by itself.
///
/// The token service is part of that. The default retries would go on for a minute after GitHub is gone, and
/// nobody would be told why.
pub fn short_retries() -> RetryOptions {
    RetryOptions::exponential(ExponentialRetryOptions {
        initial_delay: azure_core::time::Duration::milliseconds(100),
        max_retries: 3,
        max_total_elapsed: azure_core::time::Duration::seconds(5),
        max_delay: azure_core::time::Duration::seconds(1),
    })
}

/// Sends requests, and leaves the address out of its errors: a shared access signature is part of it.
#[derive(Debug)]
struct Quiet(reqwest::Client);

#[async_trait::async_trait]
impl HttpClient for Quiet {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let method =
            request.method().as_str().parse().map_err(|err| Error::new(ErrorKind::Other, err));
        let mut outgoing = self.0.request(method?, request.url().clone());
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        let Body::Bytes(body) = request.body().clone() else {
            return Err(Error::with_message(ErrorKind::Other, "nothing here streams a body"));
        };
        let answer = outgoing.body(body).send().await.map_err(quiet)?;
        let status = answer.status().as_u16().into();
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            if let Ok(value) = value.to_str() {
                let name = HeaderName::from(name.as_str().to_owned());
                headers.insert(name, HeaderValue::from(value.to_owned()));
            }
        }
        let body = answer.bytes().await.map_err(quiet)?;
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

fn quiet(err: reqwest::Error) -> Error {
    let kind = if err.is_connect() { ErrorKind::Connection } else { ErrorKind::Io };
    Error::new(kind, err.without_url())
}
