//! The operation tables: the index of the emulated API, one table for each service.
//!
//! A row names method, path and query of an operation, and the permission that it requires of an account
//! SAS. Rejected: a path router such as `matchit`. The query decides between most operations, a blob's name
//! may contain empty segments, and a path is matched after it is decoded.

use emulator_core::service::Request;

use crate::auth::account_sas::RequiredPermission;
use crate::request::Query;

pub(crate) mod blobs;
pub(crate) mod condition_headers;
pub(crate) mod queues;
mod modelled;

/// The query parameters that distinguish operations. A route without one of them requires its absence.
const ROUTING_PARAMETERS: [&str; 3] = ["comp", "peekonly", "restype"];

/// A row of an operation table.
struct Route<O> {
    /// `METHODS /path?query`, as in `GET|HEAD /{queue}?comp=metadata`.
    pattern: &'static str,
    operation: O,
    permission: RequiredPermission,
}

/// Returns the operation of a request whose path has the form `path`, if it is modelled.
fn find<O: Copy>(
    routes: &[Route<O>],
    path: &str,
    request: &Request,
    query: &Query<'_>,
) -> Option<O> {
    if !modelled::is_modelled(request, query) {
        return None;
    }
    let method = request.method().as_str();
    let route = routes.iter().find(|route| route.matches(method, path, query))?;
    Some(route.operation)
}

/// Returns the permission that an operation requires.
fn permission_of<O: Copy + PartialEq>(routes: &[Route<O>], operation: O) -> RequiredPermission {
    let route = routes.iter().find(|route| route.operation == operation);
    route.expect("every operation has a route").permission
}

impl<O> Route<O> {
    fn matches(&self, method: &str, path: &str, query: &Query<'_>) -> bool {
        let (methods, target) = self.pattern.split_once(' ').unwrap_or_default();
        let (route_path, parameters) = target.split_once('?').unwrap_or((target, ""));
        route_path == path
            && methods.split('|').any(|name| name == method)
            && ROUTING_PARAMETERS.iter().all(|name| {
                match (query.get(name), value_of(parameters, name)) {
                    (Some(sent), Some(expected)) => sent.eq_ignore_ascii_case(expected),
                    (sent, expected) => sent == expected,
                }
            })
    }
}

fn value_of<'p>(parameters: &'p str, name: &str) -> Option<&'p str> {
    let mut pairs = parameters.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}
