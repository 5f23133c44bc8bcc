//! Sends HTTP requests out of the emulated world: to a hook's address, or from a runner to its service.
//!
//! It is a function, so that a simulator can put another one in the place of sockets.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};

use crate::service::{Emulator, Request, Response, Service};

/// Sends one request and gives its answer.
pub type Transport =
    Arc<dyn Fn(Request) -> BoxFuture<'static, Result<Response, TransportError>> + Send + Sync>;

/// Nobody answered a request: no connection, or it closed first.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no answer: {0}")]
pub struct TransportError(pub String);

/// Makes a wire of sockets.
pub fn http() -> Transport {
    // The client looks for a provider of cryptography even where it only speaks plain HTTP. An error
    // says that the process has one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .build()
        .expect("a client without certificates needs nothing from the machine");
    Arc::new(move |request| exchange(client.clone(), request).boxed())
}

/// Makes a wire that ends at an emulator of this process, whatever host a request names.
pub fn to<E: Emulator>(service: Arc<Service<E>>) -> Transport {
    Arc::new(move |request| {
        let service = Arc::clone(&service);
        async move { service.call(request).await.map_err(|lost| TransportError(lost.to_string())) }
            .boxed()
    })
}

async fn exchange(client: reqwest::Client, request: Request) -> Result<Response, TransportError> {
    let failed = |err: reqwest::Error| TransportError(format!("{:#}", err.without_url()));
    let request = reqwest::Request::try_from(request).map_err(failed)?;
    let answer = client.execute(request).await.map_err(failed)?;
    let mut response = http::Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let body: Bytes = answer.bytes().await.map_err(failed)?;
    Ok(response.body(body).expect("status and headers come from an answer"))
}
