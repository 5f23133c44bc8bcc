//! Hosting of an emulator, inside a process or behind a socket.

use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::json;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::faults::{Effect, Faults, SecondaryLimit};
use crate::tls::Tls;

mod actions;
mod control;
mod gate;
mod handshake;
mod listener;
mod origin;

pub use actions::Action;
pub use control::{Control, ControlToken, InvalidControl};
#[cfg(feature = "clap")]
pub use control::{ControlArguments, TokenArguments, parse_address};
pub use gate::{has_json_type, is_of_another_site, names_loopback};
pub use listener::{ControlPort, Listening};
pub use origin::{Encrypted, is_encrypted, origin};

/// A request with its whole body; if it came over a socket, the peer's [`SocketAddr`] is in its extensions, and
/// [`Encrypted`] if it came over TLS.
pub type Request = http::Request<Bytes>;
/// A response with its whole body.
pub type Response = http::Response<Bytes>;

/// A response that a fault dropped: the caller sees a connection that closes without one.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the connection closed without a response")]
pub struct ResponseDropped;

/// One emulated service: maps requests to operations and executes them.
pub trait Emulator: Send + Sync + 'static {
    /// The name in the `ready` line.
    const NAME: &'static str;
    /// One variant per operation; its `Debug` form (`AddTask`) is the name used by faults and counts.
    type Operation: Copy + Debug + Send;
    /// The maximum length of a request's body.
    ///
    /// The default exceeds all documented limits, except that of Put Blob: one request may upload up to 5,000 MiB, but
    /// no client of the emulators does.
    const MAX_BODY_BYTES: usize = 64 << 20;
    /// The actions of its control port, besides those that are common to all emulators. The port answers 404 to
    /// every other request.
    const ACTIONS: &'static [Action] = &[];

    /// Returns the operation of a request, or `None` if it is not modelled.
    fn operation(&self, request: &Request) -> Option<Self::Operation>;

    /// Executes the operation and returns its response.
    fn answer(
        &self,
        operation: Self::Operation,
        request: Request,
    ) -> impl Future<Output = Response> + Send;

    /// Creates an error response in the service's own format, for faults and for requests that are not modelled.
    fn failure(&self, status: StatusCode, message: &str) -> Response;

    /// Answers a request with a body above [`Self::MAX_BODY_BYTES`], of which only a part was read.
    fn body_too_large(&self, _request: &Request) -> Response {
        let text = json!({ "error": "the body is too large" });
        json_response(StatusCode::PAYLOAD_TOO_LARGE, &text)
    }

    /// Creates the response of a secondary rate limit to a request. Only GitHub has one; other services respond that
    /// it is not modelled.
    fn secondary_limit(
        &self,
        _request: &Request,
        form: SecondaryLimit,
        _retry_after: Option<u32>,
    ) -> Response {
        let text = format!("{} has no secondary rate limit ({form:?})", Self::NAME);
        self.failure(StatusCode::NOT_IMPLEMENTED, &text)
    }

    /// Creates the same error response for a known request, whose method or headers can change it.
    fn failure_of(&self, _request: &Request, status: StatusCode, message: &str) -> Response {
        self.failure(status, message)
    }

    /// Returns the clock of the service.
    fn clock(&self) -> &Clock;

    /// Answers a control port request for one of [`Self::ACTIONS`].
    fn control(&self, request: Request) -> impl Future<Output = Response> + Send {
        async move { actions::not_an_action(&request) }
    }
}

/// An emulator with fault injection and call counts, callable in the process or over HTTP through [`serve`].
///
/// # Example
/// ```
/// use std::sync::Arc;
///
/// use chrono::DateTime;
/// use emulator_core::clock::Clock;
/// use emulator_core::faults::Effect;
/// use emulator_core::service::{Emulator, Request, Response, Service, json_response};
/// use http::{Method, StatusCode};
/// use serde_json::json;
///
/// struct Greeter(Clock);
///
/// #[derive(Clone, Copy, Debug)]
/// enum Operation {
///     Greet,
/// }
///
/// impl Emulator for Greeter {
///     const NAME: &'static str = "greeter";
///     type Operation = Operation;
///
///     fn operation(&self, request: &Request) -> Option<Operation> {
///         (request.method() == Method::GET).then_some(Operation::Greet)
///     }
///
///     async fn answer(&self, operation: Operation, _: Request) -> Response {
///         match operation {
///             Operation::Greet => json_response(StatusCode::OK, &json!({ "text": "hello" })),
///         }
///     }
///
///     fn failure(&self, status: StatusCode, message: &str) -> Response {
///         json_response(status, &json!({ "error": message }))
///     }
///
///     fn clock(&self) -> &Clock {
///         &self.0
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let service = Service::new(Arc::new(Greeter(Clock::starting_at(DateTime::UNIX_EPOCH))));
/// service.faults.inject("Greet", 1, Effect::Fail { status: 503, retry_after: Some(5) });
///
/// let failed = service.call(Request::default()).await.unwrap();
/// let greeted = service.call(Request::default()).await.unwrap();
/// assert_eq!((failed.status().as_u16(), greeted.status().as_u16()), (503, 200));
/// assert_eq!(failed.headers()["retry-after"], "5");
/// assert_eq!(service.faults.calls_of("Greet"), 2);
/// # }
/// ```
#[derive(Debug)]
pub struct Service<E> {
    /// The emulator itself.
    pub emulator: Arc<E>,
    /// The faults of its next calls, and the number of calls so far.
    pub faults: Faults,
}

impl<E: Emulator> Service<E> {
    /// Creates a service without faults.
    pub fn new(emulator: Arc<E>) -> Arc<Self> {
        Arc::new(Self { emulator, faults: Faults::default() })
    }

    /// Answers a request, with the effect of the pending fault of its operation, if any.
    ///
    /// # Errors
    /// If a fault drops the response after the operation was executed.
    pub async fn call(&self, request: Request) -> Result<Response, ResponseDropped> {
        if is_too_large::<E>(&request) {
            return Ok(self.emulator.body_too_large(&request));
        }
        let Some(operation) = self.emulator.operation(&request) else {
            let text = format!("{} {} is not modelled", request.method(), request.uri().path());
            return Ok(self.emulator.failure_of(&request, StatusCode::NOT_IMPLEMENTED, &text));
        };
        let effect = self.faults.next_effect(&format!("{operation:?}"));
        match effect {
            Some(Effect::Fail { status, retry_after }) => {
                return Ok(self.fail(&request, status, retry_after));
            }
            Some(Effect::Secondary { form, retry_after }) => {
                return Ok(self.emulator.secondary_limit(&request, form, retry_after));
            }
            Some(Effect::Hold) => self.faults.released().await,
            Some(Effect::DelayResponse | Effect::DropResponse) | None => {}
        }
        let response = self.emulator.answer(operation, request).await;
        match effect {
            Some(Effect::DropResponse) => return Err(ResponseDropped),
            Some(Effect::DelayResponse) => self.faults.released().await,
            _ => {}
        }
        Ok(response)
    }

    fn fail(&self, request: &Request, status: u16, retry_after: Option<u32>) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response =
            self.emulator.failure_of(request, status, "injected by the control port");
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Marks a request of whose body only a part was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooLarge;

fn is_too_large<E: Emulator>(request: &Request) -> bool {
    request.body().len() > E::MAX_BODY_BYTES || request.extensions().get::<TooLarge>().is_some()
}

/// Binds a service and its control port to sockets, until the returned value is dropped.
///
/// # Errors
/// If the address cannot be bound.
pub async fn serve<E: Emulator>(
    service: Arc<Service<E>>,
    listen: SocketAddr,
) -> std::io::Result<Listening> {
    serve_with_tls(service, listen, None).await
}

/// Serves a service on a bound socket, for callers that must know the address before the service exists.
///
/// # Errors
/// If the control port cannot be bound.
pub async fn serve_on<E: Emulator>(
    service: Arc<Service<E>>,
    front: TcpListener,
    control: &Control,
) -> std::io::Result<Listening> {
    Listening::start::<E>(service, front, None, control).await
}

/// Binds a service to a socket with TLS, if there is a certificate; its control port has none.
///
/// # Errors
/// If the address cannot be bound.
pub async fn serve_with_tls<E: Emulator>(
    service: Arc<Service<E>>,
    listen: SocketAddr,
    tls: Option<Tls>,
) -> std::io::Result<Listening> {
    serve_with(service, listen, tls, &default_control()).await
}

/// Binds a service to a socket with these options of its control port.
///
/// # Errors
/// If an address cannot be bound.
pub async fn serve_with<E: Emulator>(
    service: Arc<Service<E>>,
    listen: SocketAddr,
    tls: Option<Tls>,
    control: &Control,
) -> std::io::Result<Listening> {
    let front = TcpListener::bind(listen).await?;
    Listening::start::<E>(service, front, tls, control).await
}

/// Opens a second control port of a service.
///
/// # Errors
/// If the address cannot be bound.
pub async fn serve_control<E: Emulator>(
    service: Arc<Service<E>>,
    control: &Control,
) -> std::io::Result<ControlPort> {
    ControlPort::start(service, Ipv4Addr::LOCALHOST.into(), control).await
}

fn default_control() -> Control {
    Control::on_loopback(ControlToken::random())
}

/// Creates a JSON response.
pub fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
