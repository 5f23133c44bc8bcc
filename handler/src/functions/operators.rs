//! Admission to the functions for operators.

use http::{HeaderMap, StatusCode};
use tracing::warn;

use crate::app::App;
use crate::firewall::Audience;
use crate::http::{Response, header_str};

/// Admits a request to a function for operators by its source address.
///
/// # Errors
/// When the caller is not in the networks of setting OperatorRanges; the error is the response to it.
pub(super) async fn admit(app: &App, headers: &HeaderMap) -> Result<(), Response> {
    let admitted =
        app.firewall.admit(Audience::Operators, header_str(headers, "x-forwarded-for")).await;
    admitted.map_err(|rejected| {
        warn!("rejected: {rejected}");
        Response::error(StatusCode::FORBIDDEN, rejected)
    })
}
