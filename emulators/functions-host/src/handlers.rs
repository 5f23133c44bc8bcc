//! The requests of callers: invocations over HTTP, and the pages of the host.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use emulator_core::clock::Clock;
use emulator_core::service::{Action, Emulator, Request, Response};

use crate::definitions::HttpMode;
use crate::dto::payload;
use crate::error::InvocationError;
use crate::host::FunctionsHost;
use crate::routes::{self, MatchedFunction, Operation, Target};
use crate::test_api;
use crate::worker::Unavailable;

mod admin;
pub(crate) mod forward;
mod front_end;

impl Emulator for FunctionsHost {
    const NAME: &'static str = "functions";
    const ACTIONS: &'static [Action] = test_api::ACTIONS;
    type Operation = Operation;
    /// <https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits>
    const MAX_BODY_BYTES: usize = 100 << 20;

    fn operation(&self, request: &Request) -> Option<Operation> {
        Some(match routes::find_target(&self.invoker.app, request)? {
            Target::Function(matched) => Operation::Invoke(self.interned(&matched.function.name)),
            Target::Page(operation, _) => operation,
            Target::Unrouted => Operation::Unrouted,
        })
    }

    async fn answer(&self, _: Operation, request: Request) -> Response {
        let response = match routes::find_target(&self.invoker.app, &request) {
            Some(Target::Function(_)) => self.invoke(request).await,
            Some(Target::Page(operation, name)) => self.answer_for_host(operation, &name, &request),
            Some(Target::Unrouted) | None => self.failure(StatusCode::NOT_FOUND, ""),
        };
        from_kestrel(response)
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        let mut response = Response::new(Bytes::from(message.to_owned()));
        *response.status_mut() = status;
        if !message.is_empty() {
            let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        from_kestrel(response)
    }

    /// A body that is too large is noticed when it is read, after the function's key.
    fn body_too_large(&self, request: &Request) -> Response {
        let status = match routes::find_target(&self.invoker.app, request) {
            None => StatusCode::NOT_IMPLEMENTED,
            Some(Target::Unrouted) => StatusCode::NOT_FOUND,
            Some(Target::Function(matched)) if !self.keys.allow(matched.trigger.level, request) => {
                StatusCode::UNAUTHORIZED
            }
            Some(Target::Function(_) | Target::Page(..)) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        self.failure(status, "")
    }

    fn clock(&self) -> &Clock {
        &self.invoker.events.clock
    }

    async fn control(&self, request: Request) -> Response {
        self.handle_control(request).await
    }
}

impl FunctionsHost {
    async fn invoke(&self, mut request: Request) -> Response {
        let Some(matched) = routes::find_function(&self.invoker.app, &request) else {
            return self.failure(StatusCode::NOT_FOUND, "");
        };
        if !self.keys.allow(matched.trigger.level, &request) {
            return self.failure(StatusCode::UNAUTHORIZED, "");
        }
        let peer = self.peer(&request);
        if self.front_end {
            front_end::add_headers(&mut request, peer);
        }
        let has_payload = self.invoker.app.host.http_mode == HttpMode::Payload;
        let result = if has_payload || !matched.function.is_http_in_and_out() {
            self.invoke_with_payload(&matched, &request).await
        } else {
            self.invoker.forward(matched.function, &request, peer).await
        };
        result.unwrap_or_else(|error| self.failed_invocation(&error))
    }

    async fn invoke_with_payload(
        &self,
        matched: &MatchedFunction<'_>,
        request: &Request,
    ) -> Result<Response, InvocationError> {
        let MatchedFunction { function, trigger, parameters } = matched;
        let sys = self.invoker.sys(function);
        let payload = payload::of_request(&trigger.binding, request, parameters, &sys);
        let results = self.invoker.invoke(function, &payload).await?;
        match &function.http_output {
            Some(output) => results
                .http_response(output)
                .map_err(|reason| InvocationError::Failed { status: 200, reason }),
            // The host itself responds for a function without an HTTP output.
            None => Ok(self.failure(StatusCode::NO_CONTENT, "")),
        }
    }

    /// Returns the host's response to a failed invocation. Only the proxy responds 502 for a missing handler.
    fn failed_invocation(&self, error: &InvocationError) -> Response {
        let is_proxy = self.invoker.app.host.http_mode == HttpMode::Proxy;
        match error {
            InvocationError::Unavailable(Unavailable::Stopped) => {
                let text = "Function host is not running.";
                self.failure(StatusCode::SERVICE_UNAVAILABLE, text)
            }
            // The platform's front end responds for an instance that was lost.
            InvocationError::InstanceLost => self.failure(StatusCode::BAD_GATEWAY, ""),
            InvocationError::NoResponse(_) | InvocationError::Unavailable(Unavailable::Exited)
                if is_proxy =>
            {
                self.failure(StatusCode::BAD_GATEWAY, "")
            }
            _ => self.failure(StatusCode::INTERNAL_SERVER_ERROR, ""),
        }
    }

    fn peer(&self, request: &Request) -> SocketAddr {
        let socket = request.extensions().get::<SocketAddr>().copied();
        let socket = socket.unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
        match *self.client_address() {
            Some(ip) => SocketAddr::new(ip, socket.port()),
            None => socket,
        }
    }
}

/// Adds the header of the host's web server, unless the handler has set it. The other one, `Date`, is added to
/// every response of an emulator.
fn from_kestrel(mut response: Response) -> Response {
    let kestrel = HeaderValue::from_static("Kestrel");
    response.headers_mut().entry(header::SERVER).or_insert(kestrel);
    response
}
