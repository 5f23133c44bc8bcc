//! The operations of the host: the routes of function.json, its start page, and admin endpoints.
//!
//! Routes match as in ASP.NET: without regard to case, and with its precedence. Rejected: the router
//! `matchit`, which has neither.

use std::fmt;

use http::Method;

use emulator_core::service::Request;

use crate::definitions::{App, Function, HttpTrigger, Trigger};
use template::Parameters;

pub(crate) mod path;
pub(crate) mod template;

/// An operation of the host; an invocation has the name of its function.
#[derive(Clone, Copy)]
pub enum Operation {
    /// An invocation of a function with an HTTP trigger, by name.
    Invoke(&'static str),
    /// The start page.
    StartPage,
    /// The list of functions.
    ListFunctions,
    /// One function of the list.
    GetFunction,
    /// The errors of a function, of which the emulator has none.
    FunctionStatus,
    /// A manual invocation of a function through the admin endpoint.
    TriggerFunction,
    /// The status of the host.
    HostStatus,
    /// A check that the host responds.
    Ping,
    /// A request whose path or method no function has.
    Unrouted,
}

/// Paths of the host itself, of which those in [`find_page`] are modelled.
const HOST_PATHS: [&str; 2] = ["admin", "runtime"];

/// The target of a request.
pub(crate) enum Target<'a> {
    /// A function with an HTTP trigger.
    Function(MatchedFunction<'a>),
    /// A page of the host, with the function that the path names.
    Page(Operation, String),
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
            Self::StartPage => "StartPage",
            Self::ListFunctions => "ListFunctions",
            Self::GetFunction => "GetFunction",
            Self::FunctionStatus => "FunctionStatus",
            Self::TriggerFunction => "TriggerFunction",
            Self::HostStatus => "HostStatus",
            Self::Ping => "Ping",
            Self::Unrouted => "Unrouted",
        })
    }
}

/// Returns the target of a request, or `None` if it is not modelled.
pub(crate) fn find_target<'a>(app: &'a App, request: &Request) -> Option<Target<'a>> {
    let path = path::decoded(request.uri().path());
    if let Some(page) = find_page(request.method(), &path) {
        return Some(page);
    }
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if HOST_PATHS.iter().any(|own| own.eq_ignore_ascii_case(first)) {
        return None;
    }
    Some(find_function(app, request).map_or(Target::Unrouted, Target::Function))
}

/// Returns the page of the host that a request names.
fn find_page<'a>(method: &Method, path: &str) -> Option<Target<'a>> {
    if path == "/" {
        return Some(Target::Page(Operation::StartPage, String::new()));
    }
    let path = path.strip_prefix('/')?;
    let segments: Vec<_> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let (operation, name) = match (method.as_str(), &segments[..]) {
        (_, [admin, ..]) if !same(admin, "admin") => return None,
        ("GET", [_, kind]) if same(kind, "functions") => (Operation::ListFunctions, ""),
        ("GET", [_, kind, name]) if same(kind, "functions") && !same(name, "download") => {
            (Operation::GetFunction, *name)
        }
        ("POST", [_, kind, name]) if same(kind, "functions") => (Operation::TriggerFunction, *name),
        ("GET", [_, kind, name, status]) if same(kind, "functions") && same(status, "status") => {
            (Operation::FunctionStatus, *name)
        }
        ("GET", [_, kind, page]) if same(kind, "host") && same(page, "status") => {
            (Operation::HostStatus, "")
        }
        ("GET" | "POST", [_, kind, page]) if same(kind, "host") && same(page, "ping") => {
            (Operation::Ping, "")
        }
        _ => return None,
    };
    Some(Target::Page(operation, name.to_owned()))
}

/// Returns the function of a request. A method that the function does not accept is not routed, hence 404.
pub(crate) fn find_function<'a>(app: &'a App, request: &Request) -> Option<MatchedFunction<'a>> {
    let path = path::decoded(request.uri().path());
    let path = strip_route_prefix(&path, &app.host.route_prefix)?;
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
    let path = path.strip_prefix('/')?;
    if prefix.is_empty() {
        return Some(path);
    }
    let (head, rest) = path.split_at_checked(prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) { rest.strip_prefix('/') } else { None }
}
