//! Hosting of an emulator: what all of them share, in a process or behind a socket.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::faults::{Effect, Fault, Faults};

mod listener;

pub use listener::{ControlPort, Listening};

/// A request with its whole body; behind a socket, the peer's [`SocketAddr`] is in its extensions.
pub type Request = http::Request<Bytes>;
/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

/// The caller got no answer: the connection closed first.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the connection closed without an answer")]
pub struct Lost;

/// One emulated service: names the operation of a request, and answers it.
pub trait Emulator: Send + Sync + 'static {
    /// The name on the `ready` line.
    const NAME: &'static str;
    /// One variant an operation; its `Debug` form (`AddTask`) is the name that faults and counts use.
    type Operation: Copy + Debug + Send;

    /// Names the operation that a request asks for; `None` where it is not modelled.
    fn operation(&self, request: &Request) -> Option<Self::Operation>;

    /// Does what the operation asks for.
    fn answer(
        &self,
        operation: Self::Operation,
        request: Request,
    ) -> impl Future<Output = Response> + Send;

    /// Makes an error answer in the service's own shape, for a fault and for what is not modelled.
    fn failure(&self, status: StatusCode, message: &str) -> Response;

    /// Tells the time.
    fn clock(&self) -> &Clock;

    /// Answers a request to the control port that is not one of those that every emulator has.
    fn control(&self, request: Request) -> impl Future<Output = Response> + Send {
        let text =
            format!("{} {} is not an action of this control port", request.method(), request.uri());
        async move { json_response(StatusCode::NOT_FOUND, &json!({ "error": text })) }
    }
}

/// An emulator with its faults and counts: callable in the process, or by HTTP through [`serve`].
#[derive(Debug)]
pub struct Service<E> {
    /// The emulator itself.
    pub emulator: Arc<E>,
    /// What befalls its next calls, and how many there were.
    pub faults: Faults,
}

impl<E: Emulator> Service<E> {
    /// Makes a service of an emulator.
    pub fn new(emulator: Arc<E>) -> Arc<Self> {
        Arc::new(Self { emulator, faults: Faults::default() })
    }

    /// Answers a request as the service would, or as the fault that waits for it demands.
    ///
    /// # Errors
    /// [`Lost`] where a fault loses the answer after the work.
    pub async fn call(&self, request: Request) -> Result<Response, Lost> {
        let Some(operation) = self.emulator.operation(&request) else {
            let text = format!("{} {} is not modelled", request.method(), request.uri().path());
            return Ok(self.emulator.failure(StatusCode::NOT_IMPLEMENTED, &text));
        };
        let effect = self.faults.next_effect(&format!("{operation:?}"));
        match effect {
            Some(Effect::Fail { status, retry_after }) => return Ok(self.fail(status, retry_after)),
            Some(Effect::Hold) => self.faults.released().await,
            Some(Effect::DelayResponse | Effect::DropResponse) | None => {}
        }
        let answer = self.emulator.answer(operation, request).await;
        match effect {
            Some(Effect::DropResponse) => return Err(Lost),
            Some(Effect::DelayResponse) => self.faults.released().await,
            _ => {}
        }
        Ok(answer)
    }

    fn fail(&self, status: u16, retry_after: Option<u32>) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = self.emulator.failure(status, "as the control port asked");
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }

    /// Answers a request to the control port.
    ///
    /// `POST /faults` takes a [`Fault`], `DELETE /faults` releases, `GET /calls` counts,
    /// `POST /clock` takes `{"advance_seconds":N}`; the rest is the emulator's own.
    pub async fn control(&self, request: Request) -> Response {
        match (request.method().clone(), request.uri().path()) {
            (Method::POST, "/faults") => match serde_json::from_slice::<Fault>(request.body()) {
                Ok(fault) => {
                    self.faults.add(fault);
                    json_response(StatusCode::ACCEPTED, &json!({}))
                }
                Err(err) => malformed(&err),
            },
            (Method::DELETE, "/faults") => {
                self.faults.release();
                json_response(StatusCode::OK, &json!({}))
            }
            (Method::GET, "/calls") => json_response(StatusCode::OK, &json!(self.faults.calls())),
            (Method::POST, "/clock") => match serde_json::from_slice::<Advance>(request.body()) {
                Ok(Advance { advance_seconds }) => {
                    self.emulator.clock().advance(Duration::from_secs(advance_seconds));
                    json_response(StatusCode::OK, &json!({ "now": self.emulator.clock().now() }))
                }
                Err(err) => malformed(&err),
            },
            _ => self.emulator.control(request).await,
        }
    }
}

#[derive(Deserialize)]
struct Advance {
    advance_seconds: u64,
}

/// Puts a service and its control port on the network, until the returned value is dropped.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve<E: Emulator>(
    service: Arc<Service<E>>,
    listen: SocketAddr,
) -> std::io::Result<Listening> {
    serve_on(service, TcpListener::bind(listen).await?).await
}

/// Puts a service behind a port that is bound already, for whoever must know the address before the
/// service exists.
///
/// # Errors
/// The control port cannot be bound.
pub async fn serve_on<E: Emulator>(
    service: Arc<Service<E>>,
    front: TcpListener,
) -> std::io::Result<Listening> {
    let control = TcpListener::bind(SocketAddr::new(front.local_addr()?.ip(), 0)).await?;
    Listening::start::<E>(service, front, control)
}

/// Opens a second control port of a service, at an address that others know beforehand.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve_control<E: Emulator>(
    service: Arc<Service<E>>,
    listen: SocketAddr,
) -> std::io::Result<ControlPort> {
    ControlPort::start(service, TcpListener::bind(listen).await?)
}

/// Makes a JSON answer.
pub fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

fn malformed(err: &serde_json::Error) -> Response {
    json_response(StatusCode::BAD_REQUEST, &json!({ "error": err.to_string() }))
}
