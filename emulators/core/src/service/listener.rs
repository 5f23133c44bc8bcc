//! The socket side of a service: one port for the emulated API, one for control.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Emulator, Request, Response, ResponseDropped, Service, json_response};

/// Larger than any documented request limit, except that of Put Blob: one request may upload up to
/// 5,000 MiB, but no client of the emulators does.
const MAX_BODY_BYTES: usize = 64 << 20;

/// A service bound to sockets; dropping it closes both ports and every connection.
#[derive(Debug)]
pub struct Listening {
    /// The base URL of the emulated API, without a trailing slash.
    pub url: String,
    /// The base URL of the control port, without a trailing slash.
    pub control: String,
    name: &'static str,
    _accepting: JoinSet<()>,
    _control: ControlPort,
}

/// A control port; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct ControlPort {
    /// The base URL, without a trailing slash.
    pub url: String,
    _accepting: JoinSet<()>,
}

impl Listening {
    pub(super) fn start<E: Emulator>(
        service: Arc<Service<E>>,
        front: TcpListener,
        control: TcpListener,
    ) -> std::io::Result<Self> {
        let url = format!("http://{}", front.local_addr()?);
        let control = ControlPort::start(Arc::clone(&service), control)?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(front, move |request| {
            let service = Arc::clone(&service);
            async move { service.call(request).await }
        }));
        let control_url = control.url.clone();
        Ok(Self {
            url,
            control: control_url,
            name: E::NAME,
            _accepting: accepting,
            _control: control,
        })
    }

    /// Returns the line that an emulator prints to stdout as soon as it accepts requests.
    pub fn ready_line(&self) -> String {
        let Self { name, url, control, .. } = self;
        // Formatted without serde to fix the order of the fields; no value contains a character to escape.
        format!(r#"{{"ready":"{name}","url":"{url}","control":"{control}"}}"#)
    }
}

impl ControlPort {
    pub(super) fn start<E: Emulator>(
        service: Arc<Service<E>>,
        listener: TcpListener,
    ) -> std::io::Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, move |request| {
            let service = Arc::clone(&service);
            async move { Ok(service.control(request).await) }
        }));
        Ok(Self { url, _accepting: accepting })
    }
}

async fn accept<F, R>(listener: TcpListener, handle: F)
where
    F: Fn(Request) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response, ResponseDropped>> + Send,
{
    let mut connections = JoinSet::new();
    loop {
        // `accept` fails when the process is out of descriptors; connections that end release theirs.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let handle = handle.clone();
        connections.spawn(async move {
            let service = service_fn(|request| respond(request, peer, &handle));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            if let Err(err) = connection.await {
                tracing::debug!(%peer, %err, "connection closed");
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn respond<F, R>(
    request: http::Request<Incoming>,
    peer: SocketAddr,
    handle: &F,
) -> Result<http::Response<Full<Bytes>>, ResponseDropped>
where
    F: Fn(Request) -> R,
    R: Future<Output = Result<Response, ResponseDropped>>,
{
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(peer);
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        let text = json!({ "error": "the body is too large or incomplete" });
        return Ok(json_response(StatusCode::PAYLOAD_TOO_LARGE, &text).map(Full::new));
    };
    // An error makes hyper close the connection without a response.
    Ok(handle(Request::from_parts(parts, body.to_bytes())).await?.map(Full::new))
}
