//! The functions for the persons who run the deployment, to which nobody else is admitted.

use std::sync::Arc;

use tracing::warn;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::{Filter, Rejection};

use super::{Answer, App, Body, at, body, drop_rest, limits, operate, status, takes, text};
use crate::firewall::Audience;

/// Routes their requests.
pub(super) fn routes(
    app: &Arc<App>,
) -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let status = at("api/Status")
        .and(takes(Method::GET))
        .and(app.clone())
        .and(warp::header::headers_cloned())
        .then(|app: Arc<App>, headers: HeaderMap| {
            limits::STATUS.hold(async move { status::answer(&app, &headers).await })
        });
    let operate = at("api/Operate")
        .and(takes(Method::POST))
        .and(app)
        .and(warp::header::headers_cloned())
        .and(body())
        .then(|app: Arc<App>, headers: HeaderMap, mut body: Body| {
            limits::OPERATE.hold(async move {
                let answer = operate::answer(&app, &headers, &mut body).await;
                drop_rest(&mut body).await;
                answer
            })
        });
    status.or(operate).unify()
}

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
