//! Admission to the functions for operators.

use std::net::IpAddr;

use http::{HeaderMap, StatusCode};
use tracing::warn;

use crate::app::App;
use crate::firewall::{self, Audience, Rejected};
use crate::http::{Response, header_str};

/// Admits a request to a function for operators by its source address, and returns the address.
///
/// # Errors
/// When the caller is not in the networks of setting OperatorRanges; the error is the response to it.
pub(super) async fn admit(app: &App, headers: &HeaderMap) -> Result<IpAddr, Response> {
    let forwarded_for = header_str(headers, "x-forwarded-for");
    let admitted = app.firewall.admit(Audience::Operators, forwarded_for).await;
    let address = forwarded_for.and_then(firewall::right_most).ok_or(Rejected::Unknown);
    admitted.and(address).map_err(|rejected| {
        warn!("rejected: {rejected}");
        Response::error(StatusCode::FORBIDDEN, rejected)
    })
}
