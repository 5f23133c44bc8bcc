//! The side of the host that callers see: routes, keys, and the admin endpoint.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};

use super::definitions::{Function, HttpMode, HttpTrigger, Level, Trigger};
use super::invoke::Failure;
use super::route::Parameters;
use super::worker::Gone;
use super::{FunctionsHost, envelope, forward};
use emulator_core::clock::Clock;
use emulator_core::service::{Emulator, Request, Response};

/// What a request to the host asks for; an invocation's name is the function's.
#[derive(Clone, Copy)]
pub enum Operation {
    /// A function with an HTTP trigger, by name.
    Invoke(&'static str),
    /// The admin endpoint that fires a function by hand.
    TriggerFunction,
    /// A path that no function is routed to.
    Unrouted,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invoke(function) => function,
            Self::TriggerFunction => "TriggerFunction",
            Self::Unrouted => "Unrouted",
        })
    }
}

impl Emulator for FunctionsHost {
    const NAME: &'static str = "functions";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        let path = request.uri().path();
        if path.strip_prefix("/admin/functions/").is_some_and(|name| !name.contains('/')) {
            return (request.method() == Method::POST).then_some(Operation::TriggerFunction);
        }
        if ["/", "/admin", "/runtime"].contains(&path)
            || path.starts_with("/admin/")
            || path.starts_with("/runtime/")
        {
            return None;
        }
        Some(match self.routed(request) {
            Some((function, _, _)) => Operation::Invoke(self.interned(&function.name)),
            None => Operation::Unrouted,
        })
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        match operation {
            Operation::Invoke(_) => self.invoke(request).await,
            Operation::TriggerFunction => self.trigger_over_http(&request),
            Operation::Unrouted => self.failure(StatusCode::NOT_FOUND, ""),
        }
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        let mut answer = Response::new(Bytes::from(message.to_owned()));
        *answer.status_mut() = status;
        if !message.is_empty() {
            let kind = HeaderValue::from_static("text/plain; charset=utf-8");
            answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        answer
    }

    fn clock(&self) -> &Clock {
        &self.core.site.clock
    }

    async fn control(&self, request: Request) -> Response {
        self.controlled(request).await
    }
}

impl FunctionsHost {
    async fn invoke(&self, mut request: Request) -> Response {
        let Some((function, trigger, parameters)) = self.routed(&request) else {
            return self.failure(StatusCode::NOT_FOUND, "");
        };
        if !self.keys.admit(trigger.level, &request) {
            return self.failure(StatusCode::UNAUTHORIZED, "");
        }
        let peer = self.peer(&request);
        forward::arrive(&mut request, peer);
        let payload = self.core.app.host.http_mode == HttpMode::Payload;
        let outcome = if payload || !function.is_http_in_and_out() {
            self.invoke_with_payload(function, trigger, &request, &parameters).await
        } else {
            self.core.hand_on(function, &request, peer).await
        };
        outcome.unwrap_or_else(|failure| self.failed(&failure))
    }

    async fn invoke_with_payload(
        &self,
        function: &Function,
        trigger: &HttpTrigger,
        request: &Request,
        parameters: &Parameters,
    ) -> Result<Response, Failure> {
        let sys = self.core.sys(function);
        let payload = envelope::of_request(&trigger.binding, request, parameters, &sys);
        let results = self.core.invoke(function, &payload).await?;
        match &function.http_output {
            Some(output) => results
                .http_response(output)
                .map_err(|reason| Failure::Refused { status: 200, reason }),
            // A function without an HTTP output is answered by the host itself.
            None => Ok(self.failure(StatusCode::NO_CONTENT, "")),
        }
    }

    /// The host's own answer to a failure; a handler that is not there is 502 only from the proxy.
    fn failed(&self, failure: &Failure) -> Response {
        let proxy = self.core.app.host.http_mode == HttpMode::Proxy;
        match failure {
            Failure::Gone(Gone::Stopped) => {
                let text = "Function host is not running.";
                self.failure(StatusCode::SERVICE_UNAVAILABLE, text)
            }
            // The platform's front end answers in the place of an instance that is gone.
            Failure::InstanceLost => self.failure(StatusCode::BAD_GATEWAY, ""),
            Failure::NoAnswer(_) | Failure::Gone(Gone::Rested) if proxy => {
                self.failure(StatusCode::BAD_GATEWAY, "")
            }
            _ => self.failure(StatusCode::INTERNAL_SERVER_ERROR, ""),
        }
    }

    fn trigger_over_http(&self, request: &Request) -> Response {
        if !self.keys.admit(Level::Admin, request) {
            return self.failure(StatusCode::UNAUTHORIZED, "");
        }
        let name = request.uri().path().rsplit('/').next().unwrap_or_default();
        match (self.core.function(name), self.timer(name)) {
            (None, _) => self.failure(StatusCode::NOT_FOUND, ""),
            (Some(_), None) => {
                let text = format!("{name} has no timer; firing it by hand is not modelled");
                self.failure(StatusCode::NOT_IMPLEMENTED, &text)
            }
            (Some(_), Some(timer)) => {
                let timer = Arc::clone(timer);
                self.tasks().spawn(async move {
                    // The caller has its answer already; the failure is told and logged where it happens.
                    let _ = timer.fire().await;
                });
                self.failure(StatusCode::ACCEPTED, "")
            }
        }
    }

    /// Finds the function of a request; a method that it does not take counts as no route, hence 404.
    fn routed(&self, request: &Request) -> Option<(&Function, &HttpTrigger, Parameters)> {
        let path = below(request.uri().path(), &self.core.app.host.route_prefix)?;
        let functions = self.core.app.functions.iter();
        let fitting = functions.filter_map(|function| match &function.trigger {
            Trigger::Http(trigger) if takes(trigger, request.method()) => {
                Some((function, trigger, trigger.route.matches(path)?))
            }
            _ => None,
        });
        fitting.min_by(|(_, one, _), (_, other, _)| one.route.cmp(&other.route))
    }

    fn peer(&self, request: &Request) -> SocketAddr {
        let socket = request.extensions().get::<SocketAddr>().copied();
        let socket = socket.unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
        match *self.claimed_address() {
            Some(ip) => SocketAddr::new(ip, socket.port()),
            None => socket,
        }
    }
}

fn takes(trigger: &HttpTrigger, method: &Method) -> bool {
    trigger.methods.as_ref().is_none_or(|methods| methods.contains(method))
}

fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let path = path.trim_start_matches('/');
    if prefix.is_empty() {
        return Some(path);
    }
    let (head, rest) = path.split_at_checked(prefix.len())?;
    (head.eq_ignore_ascii_case(prefix) && rest.starts_with('/')).then_some(rest)
}
