//! StatusPage: serves the status page, which has no data, to the addresses of operators.
//!
//! A browser sends no key when a person opens an address, and the Functions host rejects a request without the key of a
//! function that requires one. So the page is a function of its own, without a key: its script asks for the key of Status.

use http::HeaderMap;

use super::operators::admit;
use crate::app::App;
use crate::http::Response;

/// Handles a request.
pub(crate) async fn handle(app: &App, headers: &HeaderMap) -> Response {
    match admit(app, headers).await {
        Ok(_) => Response::status_page(),
        Err(rejected) => rejected,
    }
}
