//! Admits the persons who run the deployment, and nobody else.

use tracing::warn;
use warp::http::{HeaderMap, StatusCode};

use super::{Answer, App, text};
use crate::firewall::Audience;

/// Admits a request to a function for operators.
///
/// # Errors
/// The answer to whoever is none.
pub(super) async fn admit(
    app: &App,
    function: &'static str,
    headers: &HeaderMap,
) -> Result<(), Answer> {
    let admitted = app.firewall.admit(Audience::Operators, text(headers, "x-forwarded-for")).await;
    admitted.map_err(|refused| {
        warn!(function, "refused: {refused}");
        Answer::error(StatusCode::FORBIDDEN, refused)
    })
}
