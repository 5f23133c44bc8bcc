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

use super::{Emulator, Lost, Request, Response, Service, json_response};

/// Larger than any documented request limit (a storage block blob put in one piece may be larger, but
/// nothing here sends one).
const BODY_LIMIT: usize = 64 << 20;

/// A service on the network; dropping it closes both ports and every connection.
#[derive(Debug)]
pub struct Listening {
    /// Where the emulated API answers, without a trailing slash.
    pub url: String,
    /// Where the control port answers, without a trailing slash.
    pub control: String,
    name: &'static str,
    _accepting: JoinSet<()>,
    _control: ControlPort,
}

/// A control port; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct ControlPort {
    /// Where it answers, without a trailing slash.
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
        let at = control.url.clone();
        Ok(Self { url, control: at, name: E::NAME, _accepting: accepting, _control: control })
    }

    /// Renders the one line that an emulator prints on stdout when it answers.
    pub fn ready_line(&self) -> String {
        let Self { name, url, control, .. } = self;
        // Written by hand for the order of its fields; none of the three needs an escape.
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

async fn accept<F, A>(listener: TcpListener, answer: F)
where
    F: Fn(Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response, Lost>> + Send,
{
    let mut connections = JoinSet::new();
    loop {
        // An accept fails when the process is out of descriptors; the connections that end give some back.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let answer = answer.clone();
        connections.spawn(async move {
            let service = service_fn(|request| respond(request, peer, &answer));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            if let Err(err) = connection.await {
                tracing::debug!(%peer, %err, "connection closed");
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn respond<F, A>(
    request: http::Request<Incoming>,
    peer: SocketAddr,
    answer: &F,
) -> Result<http::Response<Full<Bytes>>, Lost>
where
    F: Fn(Request) -> A,
    A: Future<Output = Result<Response, Lost>>,
{
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(peer);
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        let text = json!({ "error": "the body is too large, or ended early" });
        return Ok(json_response(StatusCode::PAYLOAD_TOO_LARGE, &text).map(Full::new));
    };
    // An error from here makes hyper close the connection without an answer: that is a lost answer.
    Ok(answer(Request::from_parts(parts, body.to_bytes())).await?.map(Full::new))
}
