//! The operation table: the index of the emulated API.
//!
//! Azure Resource Manager compares paths without regard to case. Rejected: the router `matchit`, which
//! compares with regard to case.

use emulator_core::service::Request;

/// An operation, by its published name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Reads the configuration.
    GetConfiguration,
    /// Changes the given properties of the configuration.
    UpdateConfiguration,
}

/// The path of the configuration below the app's resource id.
pub(crate) const CONFIGURATION: &str = "/config/web";

const ROUTES: [(&str, &str, Operation); 2] = [
    ("GET", SITE_CONFIGURATION, Operation::GetConfiguration),
    ("PATCH", SITE_CONFIGURATION, Operation::UpdateConfiguration),
];

const SITE_CONFIGURATION: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}/config/web";

/// Returns the operation of a request, or `None` if it is not modelled.
pub(crate) fn operation_of(request: &Request) -> Option<Operation> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let is_match = |(route_method, template, _): &&(&str, &str, Operation)| {
        *route_method == method && matches(template, path)
    };
    ROUTES.iter().find(is_match).map(|(_, _, operation)| *operation)
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let is_match = |(expected, actual): (&&str, &&str)| {
        expected.starts_with('{') || expected.eq_ignore_ascii_case(actual)
    };
    template.len() == path.len() && template.iter().zip(&path).all(is_match)
}
