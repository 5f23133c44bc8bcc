//! Routes the requests of the Functions host to the functions.
//!
//! The host forwards the raw request of an HTTP function under `/api/…`. It sends queue messages and timers in its
//! own envelope, as `POST /SubmitRunnerTask` and `POST /RefreshFirewall`.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::future;
use percent_encoding::percent_decode_str;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::{Filter, Rejection, reject};

use crate::app::App;
use crate::functions::{
    claim_runner, operate, provide_actions_runner, reconcile_runners, refresh_firewall, status,
    submit_runner_task,
};
use crate::http::{Body, MethodNotAllowed, Response, body, drop_rest};

mod limits;

/// Routes the host's requests to the functions. `GET /` answers from the first moment: the host takes that
/// as readiness.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    let (by_http, by_triggers) = (of_callers(&app), of_triggers(&app));
    let by_operators = of_operators(&app);
    let readiness = at("").and(takes(Method::GET)).map(Response::ready);
    let unrouted =
        |rejection: Rejection| async move { Ok::<_, Infallible>(Response::unrouted(&rejection)) };
    let all = by_http.or(by_operators).unify().or(by_triggers).unify().or(readiness).unify();
    all.recover(unrouted).unify()
}

/// Routes what GitHub and the runners send, which the host forwards.
fn of_callers(
    app: &Arc<App>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let provide_actions_runner = at("api/ProvideActionsRunner")
        .and(takes(Method::POST))
        .and(app.clone())
        .and(warp::header::headers_cloned())
        .and(body())
        .then(|app: Arc<App>, headers: HeaderMap, mut body: Body| {
            limits::PROVIDE_ACTIONS_RUNNER.hold(async move {
                let answer = provide_actions_runner::handle(&app, &headers, &mut body).await;
                drop_rest(&mut body).await;
                answer
            })
        });
    let claim_runner = at("api/ClaimRunner").and(takes(Method::POST)).and(app).and(body()).then(
        |app: Arc<App>, mut body: Body| {
            limits::CLAIM_RUNNER.hold(async move {
                let answer = claim_runner::handle(&app, &mut body).await;
                drop_rest(&mut body).await;
                answer
            })
        },
    );
    provide_actions_runner.or(claim_runner).unify()
}

/// Routes what the host sends by itself, each in its envelope.
fn of_triggers(
    app: &Arc<App>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let submit_runner_task = at("SubmitRunnerTask")
        .and(takes(Method::POST))
        .and(app.clone())
        .and(warp::body::bytes())
        .then(|app: Arc<App>, body: Bytes| {
            let invocation = async move { submit_runner_task::handle(&app, &body).await };
            limits::SUBMIT_RUNNER_TASK.hold(invocation)
        });
    let reconcile_runners =
        at("ReconcileRunners").and(takes(Method::POST)).and(app.clone()).then(|app: Arc<App>| {
            let invocation = async move { reconcile_runners::handle(&app).await };
            limits::RECONCILE_RUNNERS.hold(invocation)
        });
    let refresh_firewall =
        at("RefreshFirewall").and(takes(Method::POST)).and(app).and(warp::body::bytes()).then(
            |app: Arc<App>, body: Bytes| {
                let invocation = async move { refresh_firewall::handle(&app, &body).await };
                limits::REFRESH_FIREWALL.hold(invocation)
            },
        );
    submit_runner_task.or(refresh_firewall).unify().or(reconcile_runners).unify()
}

/// Lets requests to a path pass, whatever the case of its letters: the host lists its functions' addresses in
/// lower case, routes without regard to case, and forwards a path as the caller has written it.
fn at(path: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::path::full()
        .and_then(move |given: FullPath| {
            let fits = is_path(given.as_str(), path);
            future::ready(if fits { Ok(()) } else { Err(reject::not_found()) })
        })
        .untuple_one()
}

/// Returns whether a path is this one, given without slashes at its ends.
fn is_path(given: &str, path: &str) -> bool {
    let given = given.strip_prefix('/').unwrap_or(given);
    let given = given.strip_suffix('/').unwrap_or(given);
    let given = given.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy());
    given.map(|part| part.to_ascii_lowercase()).eq(path.split('/').map(str::to_ascii_lowercase))
}

/// Lets requests of one method pass.
fn takes(method: Method) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::method()
        .and_then(move |asked: Method| {
            let wrong = MethodNotAllowed(method.clone());
            future::ready(if asked == wrong.0 { Ok(()) } else { Err(reject::custom(wrong)) })
        })
        .untuple_one()
}

/// Routes the requests of operators.
fn of_operators(
    app: &Arc<App>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let status = at("api/Status")
        .and(takes(Method::GET))
        .and(app.clone())
        .and(warp::header::headers_cloned())
        .then(|app: Arc<App>, headers: HeaderMap| {
            limits::STATUS.hold(async move { status::handle(&app, &headers).await })
        });
    let operate = at("api/Operate")
        .and(takes(Method::POST))
        .and(app)
        .and(warp::header::headers_cloned())
        .and(body())
        .then(|app: Arc<App>, headers: HeaderMap, mut body: Body| {
            limits::OPERATE.hold(async move {
                let answer = operate::handle(&app, &headers, &mut body).await;
                drop_rest(&mut body).await;
                answer
            })
        });
    status.or(operate).unify()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_case_and_may_end_in_a_slash() {
        let same = [
            "/api/ClaimRunner",
            "/api/claimrunner",
            "/API/CLAIMRUNNER/",
            "/api/%43laimRunner",
            "/%61pi/claim%72unner/",
        ];
        assert!(same.iter().all(|path| is_path(path, "api/ClaimRunner")), "{same:?}");
        let other = [
            "/",
            "/api",
            "/ClaimRunner",
            "//api/ClaimRunner",
            "/api//ClaimRunner",
            "/api/ClaimRunner//",
            "/api/ClaimRunner/x",
            "/api%2FClaimRunner",
            "/api/Claim%E2%84%AAunner",
            "/api/ClaimRunner%00",
        ];
        for path in other {
            assert!(!is_path(path, "api/ClaimRunner"), "{path}");
        }
        assert!(is_path("/", ""));
    }
}
