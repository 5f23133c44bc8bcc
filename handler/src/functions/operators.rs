//! The functions for the persons who run the deployment, to which nobody else is admitted.

use http::{HeaderMap, StatusCode};
use tracing::warn;

use crate::app::App;
use crate::firewall::Audience;
use crate::http::{Response, header_str};

/// Admits a request to a function for operators.
///
/// # Errors
/// The answer to whoever is none.
pub(super) async fn admit(app: &App, headers: &HeaderMap) -> Result<(), Response> {
    let admitted =
        app.firewall.admit(Audience::Operators, header_str(headers, "x-forwarded-for")).await;
    admitted.map_err(|refused| {
        warn!("refused: {refused}");
        Response::error(StatusCode::FORBIDDEN, refused)
    })
}
