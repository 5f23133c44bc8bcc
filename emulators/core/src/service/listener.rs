//! The socket side of a service: one port for the emulated API, one for control.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::control::{Control, ControlToken};
use super::gate::{Gate, Rejection, is_of_another_site};
use super::handshake::{self, Opened};
use super::{
    Emulator, Encrypted, Request, Response, ResponseDropped, Service, TooLarge, json_response,
};
use crate::tls::Tls;

/// The bytes of a body that are kept: the largest limit of any emulator.
const MAX_BODY_BYTES: usize = 100 << 20;
/// The bytes that are read and dropped after them, so that a client that still writes gets the response.
const MAX_DROPPED_BYTES: usize = 64 << 20;

/// A service bound to sockets; dropping it closes both ports and every connection.
#[derive(Debug)]
pub struct Listening {
    /// The base URL of the emulated API, without a trailing slash.
    pub url: String,
    /// The base URL of the control port, without a trailing slash.
    pub control: String,
    /// The token of the control port.
    pub token: ControlToken,
    name: &'static str,
    tls: Option<Tls>,
    _accepting: JoinSet<()>,
    _control: ControlPort,
}

/// A control port; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct ControlPort {
    /// Its address.
    pub address: SocketAddr,
    /// The base URL, without a trailing slash.
    pub url: String,
    _accepting: JoinSet<()>,
}

impl Listening {
    pub(super) async fn start<E: Emulator>(
        service: Arc<Service<E>>,
        front: TcpListener,
        tls: Option<Tls>,
        control: &Control,
    ) -> std::io::Result<Self> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = front.local_addr()?;
        let port = ControlPort::start(Arc::clone(&service), address.ip(), control).await?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(front, tls.clone(), ApiPort(service)));
        Ok(Self {
            url: format!("{scheme}://{address}"),
            control: port.url.clone(),
            token: control.token().clone(),
            name: E::NAME,
            tls,
            _accepting: accepting,
            _control: port,
        })
    }

    /// Returns the line that an emulator prints to stdout as soon as it accepts requests.
    ///
    /// `token` is that of the control port, unless the operator chose it. With a certificate that was issued for it, `ca`
    /// is the file that clients have to trust.
    pub fn ready_line(&self) -> String {
        let Self { name, url, control, .. } = self;
        let token = self.token.printed();
        let token = token.map_or_else(String::new, |token| format!(r#","token":"{token}""#));
        let ca = self.certificate_authority().map_or_else(String::new, |file| {
            format!(r#","ca":{}"#, serde_json::Value::from(file.display().to_string()))
        });
        // Formatted without serde to fix the order of the fields; no other value contains a character to escape.
        format!(r#"{{"ready":"{name}","url":"{url}","control":"{control}"{token}{ca}}}"#)
    }

    /// Returns the file with the certificate authority that a client has to trust, if it was created with the service's
    /// certificate.
    pub fn certificate_authority(&self) -> Option<&Path> {
        Some(self.tls.as_ref()?.authority()?.file())
    }
}

impl ControlPort {
    /// Opens a control port; without an address of its own, on loopback beside an emulated API at this address.
    pub(super) async fn start<E: Emulator>(
        service: Arc<Service<E>>,
        api: IpAddr,
        control: &Control,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(control.address_beside(api)).await?;
        let address = listener.local_addr()?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, None, GatedPort { service, gate: control.gate() }));
        Ok(Self { address, url: format!("http://{address}"), _accepting: accepting })
    }
}

/// A port: it may reject a request by its head, before its body is read.
trait Port: Send + Sync + 'static {
    fn reject(&self, head: &Parts) -> Option<Response>;

    fn answer(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, ResponseDropped>> + Send;
}

/// The port of an emulated API.
struct ApiPort<E>(Arc<Service<E>>);

impl<E: Emulator> Port for ApiPort<E> {
    /// The default credentials are published. A page of another site could send them to a known port, or to a name that
    /// it resolves to loopback.
    fn reject(&self, head: &Parts) -> Option<Response> {
        if !is_of_another_site(head) {
            return None;
        }
        let request = Request::from_parts(head.clone(), Bytes::new());
        let text =
            "requests of other sites' web pages (header Origin or Sec-Fetch-Site) are not accepted";
        Some(self.0.emulator.failure_of(&request, StatusCode::FORBIDDEN, text))
    }

    async fn answer(&self, request: Request) -> Result<Response, ResponseDropped> {
        self.0.call(request).await
    }
}

/// A control port.
struct GatedPort<E> {
    service: Arc<Service<E>>,
    gate: Gate,
}

impl<E: Emulator> Port for GatedPort<E> {
    fn reject(&self, head: &Parts) -> Option<Response> {
        self.gate.check(head).err().map(Rejection::into_response)
    }

    async fn answer(&self, request: Request) -> Result<Response, ResponseDropped> {
        Ok(self.service.control(request).await)
    }
}

async fn accept<P: Port>(listener: TcpListener, tls: Option<Tls>, port: P) {
    let port = Arc::new(port);
    let mut connections = JoinSet::new();
    loop {
        // `accept` fails when the process is out of descriptors; connections that end release theirs.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (port, tls) = (Arc::clone(&port), tls.clone());
        connections.spawn(async move {
            match tls {
                Some(tls) => serve_with_tls(stream, peer, &tls, &*port).await,
                None => {
                    serve_connection(stream, peer, |request| respond(request, peer, &*port)).await
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Serves a connection to a port with TLS. A slow handshake delays no other connection.
async fn serve_with_tls<P: Port>(stream: TcpStream, peer: SocketAddr, tls: &Tls, port: &P) {
    match handshake::open(stream, &tls.acceptor).await {
        Ok(Opened::Encrypted(stream)) => {
            let respond = |mut request: http::Request<Incoming>| {
                request.extensions_mut().insert(Encrypted);
                respond(request, peer, port)
            };
            serve_connection(stream, peer, respond).await;
        }
        Ok(Opened::Plain(stream)) => {
            serve_connection(stream, peer, |_| std::future::ready(Ok(https_required()))).await;
        }
        Err(err) => tracing::debug!(%peer, %err, "TLS handshake with {peer} failed"),
    }
}

async fn serve_connection<S, F, R>(stream: S, peer: SocketAddr, respond: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(http::Request<Incoming>) -> R,
    R: Future<Output = Result<http::Response<Full<Bytes>>, ResponseDropped>>,
{
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(respond));
    if let Err(err) = connection.await {
        tracing::debug!(%peer, %err, "connection closed");
    }
}

fn https_required() -> http::Response<Full<Bytes>> {
    let text = json!({ "error": "this port uses HTTPS: write https:// instead of http://" });
    let mut response = json_response(StatusCode::BAD_REQUEST, &text);
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response.map(Full::new)
}

async fn respond<P: Port>(
    request: http::Request<Incoming>,
    peer: SocketAddr,
    port: &P,
) -> Result<http::Response<Full<Bytes>>, ResponseDropped> {
    let (mut parts, body) = request.into_parts();
    if let Some(rejection) = port.reject(&parts) {
        return Ok(rejection.map(Full::new));
    }
    parts.extensions.insert(peer);
    // An error makes hyper close the connection without a response.
    let (body, is_whole) = read(body).await?;
    if !is_whole {
        parts.extensions.insert(TooLarge);
    }
    Ok(port.answer(Request::from_parts(parts, body)).await?.map(Full::new))
}

/// Reads a body, and returns whether it is whole.
async fn read(mut body: Incoming) -> Result<(Bytes, bool), ResponseDropped> {
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        // The client is gone.
        let Ok(data) = frame.map_err(|_| ResponseDropped)?.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY_BYTES {
            kept.extend_from_slice(&data);
        } else if length > MAX_BODY_BYTES + MAX_DROPPED_BYTES {
            break;
        }
    }
    Ok((kept.freeze(), length <= MAX_BODY_BYTES))
}
