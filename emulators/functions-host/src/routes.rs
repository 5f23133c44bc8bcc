//! The operations of the host: the routes of function.json, and one admin endpoint.
//!
//! Routes match as in ASP.NET: without regard to case, and with its precedence. Rejected: the router
//! `matchit`, which has neither.

use std::fmt;

use http::Method;

use emulator_core::service::Request;

use crate::definitions::{App, Function, HttpTrigger, Trigger};
use template::Parameters;

pub(crate) mod template;

/// An operation of the host; an invocation has the name of its function.
#[derive(Clone, Copy)]
pub enum Operation {
    /// An invocation of a function with an HTTP trigger, by name.
    Invoke(&'static str),
    /// A manual invocation of a function through the admin endpoint.
    TriggerFunction,
    /// A request whose path or method no function has.
    Unrouted,
}

/// Endpoints of the host itself, which are not modelled.
const UNMODELLED_PATHS: [&str; 3] = ["/", "/admin", "/runtime"];
const UNMODELLED_PREFIXES: [&str; 2] = ["/admin/", "/runtime/"];

/// The admin endpoint that invokes a function: `POST /admin/functions/{name}`.
const TRIGGER_FUNCTION: &str = "/admin/functions/";

/// The target of a request.
pub(crate) enum Target<'a> {
    /// A function with an HTTP trigger.
    Function(MatchedFunction<'a>),
    /// The admin endpoint that invokes a function.
    TriggerFunction,
    /// No function.
    Unrouted,
}

/// A function whose route matches a request.
pub(crate) struct MatchedFunction<'a> {
    pub(crate) function: &'a Function,
    pub(crate) trigger: &'a HttpTrigger,
    pub(crate) parameters: Parameters,
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

/// Returns the target of a request, or `None` if it is not modelled.
pub(crate) fn find_target<'a>(app: &'a App, request: &Request) -> Option<Target<'a>> {
    let path = request.uri().path();
    if path.strip_prefix(TRIGGER_FUNCTION).is_some_and(|name| !name.contains('/')) {
        return (request.method() == Method::POST).then_some(Target::TriggerFunction);
    }
    if UNMODELLED_PATHS.contains(&path)
        || UNMODELLED_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
    {
        return None;
    }
    Some(find_function(app, request).map_or(Target::Unrouted, Target::Function))
}

/// Returns the function of a request. A method that the function does not accept is not routed, hence 404.
pub(crate) fn find_function<'a>(app: &'a App, request: &Request) -> Option<MatchedFunction<'a>> {
    let path = strip_route_prefix(request.uri().path(), &app.host.route_prefix)?;
    let matching = app.functions.iter().filter_map(|function| match &function.trigger {
        Trigger::Http(trigger) if trigger.accepts(request.method()) => {
            let parameters = trigger.route.matches(path)?;
            Some(MatchedFunction { function, trigger, parameters })
        }
        _ => None,
    });
    matching.min_by(|one, other| one.trigger.route.cmp(&other.trigger.route))
}

fn strip_route_prefix<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let path = path.trim_start_matches('/');
    if prefix.is_empty() {
        return Some(path);
    }
    let (head, rest) = path.split_at_checked(prefix.len())?;
    (head.eq_ignore_ascii_case(prefix) && rest.starts_with('/')).then_some(rest)
}
