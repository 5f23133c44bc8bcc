//! The transport of requests that emulators send: to a webhook's address, or from a runner to its service.
//!
//! It is a function, so that a simulation can replace sockets.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use reqwest::Certificate;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::service::{Emulator, Request, Response, Service};
use crate::tls::TlsError;

/// A function that sends one request and returns its response.
pub type Transport =
    Arc<dyn Fn(Request) -> BoxFuture<'static, Result<Response, TransportError>> + Send + Sync>;

/// A request without a response: no connection was made, or it closed too early.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no response: {0}")]
pub struct TransportError(pub String);

/// Creates a transport over sockets, for plain HTTP only.
pub fn http() -> Transport {
    with_authorities([]).expect("a client without certificates needs nothing from the machine")
}

/// Creates a transport over sockets that trusts the public certificate authorities, and those of a PEM file.
///
/// # Errors
/// If the file cannot be read, or has no certificate.
pub fn https(trusted: Option<&Path>) -> Result<Transport, TlsError> {
    let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref);
    let mut authorities: Vec<_> =
        public.map(Certificate::from_der).filter_map(Result::ok).collect();
    if let Some(path) = trusted {
        let read = |source| TlsError::Read { path: path.to_owned(), source };
        let own = CertificateDer::pem_file_iter(path).map_err(read)?;
        let own = own.collect::<Result<Vec<_>, _>>().map_err(read)?;
        let own = own.iter().map(|der| Certificate::from_der(der)).filter_map(Result::ok);
        let public = authorities.len();
        authorities.extend(own);
        if authorities.len() == public {
            return Err(TlsError::Empty(path.to_owned()));
        }
    }
    with_authorities(authorities).map_err(|err| TlsError::Client(err.to_string()))
}

fn with_authorities(
    authorities: impl IntoIterator<Item = Certificate>,
) -> Result<Transport, reqwest::Error> {
    // The client requires a cryptography provider even for plain HTTP. The only error is that the
    // process has installed one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only(authorities)
        .build()?;
    Ok(Arc::new(move |request| send(client.clone(), request).boxed()))
}

/// Creates a transport to an emulator of this process, for any host that a request names.
pub fn to<E: Emulator>(service: Arc<Service<E>>) -> Transport {
    Arc::new(move |request| {
        let service = Arc::clone(&service);
        async move { service.call(request).await.map_err(|dropped| TransportError(dropped.to_string())) }
            .boxed()
    })
}

async fn send(client: reqwest::Client, request: Request) -> Result<Response, TransportError> {
    let failed = |err: reqwest::Error| TransportError(format!("{:#}", err.without_url()));
    let request = reqwest::Request::try_from(request).map_err(failed)?;
    let received = client.execute(request).await.map_err(failed)?;
    let mut response = http::Response::builder().status(received.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(received.headers());
    }
    let body: Bytes = received.bytes().await.map_err(failed)?;
    Ok(response.body(body).expect("status and headers come from a response"))
}
