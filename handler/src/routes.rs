//! Routes the requests of the Functions host to the functions.
//!
//! The host forwards the raw request of an HTTP function under `/api/…`. It sends queue messages and timers in its
//! own envelope, as `POST /SubmitRunnerTask` and `POST /RefreshFirewall`.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{self, BoxFuture};
use percent_encoding::percent_decode_str;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::{Filter, Rejection, reject};

use crate::app::App;
use crate::functions::{
    claim_runner, operate, provide_actions_runner, provide_azdo_agent, provide_pipelines_agent,
    reconcile_runners, refresh_firewall, status, status_page, submit_runner_task,
};
use crate::http::{Body, MethodNotAllowed, Response, body, discard_rest};

mod limits;

use limits::Limit;

/// Routes the host's requests to the functions. `GET /` is the host's readiness probe: it succeeds as soon as the
/// handler listens.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    let (public, operators, triggers) = (public(&app), operators(&app), triggers(&app));
    let readiness = path("").and(method(Method::GET)).map(Response::ready);
    let respond =
        |rejection: Rejection| async move { Ok::<_, Infallible>(Response::unrouted(&rejection)) };
    let all = public.or(operators).unify().or(triggers).unify().or(readiness).unify();
    all.recover(respond).unify()
}

/// Routes the requests of GitHub, Azure DevOps and the runners, which the host forwards.
fn public(app: &Arc<App>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let hook = ("api/ProvideActionsRunner", limits::PROVIDE_ACTIONS_RUNNER);
    let hook = posted(app, hook, |app, head, body| {
        provide_actions_runner::handle(app, head, body).boxed()
    });
    let claim = ("api/ClaimRunner", limits::CLAIM_RUNNER);
    let claim = posted(app, claim, |app, _, body| claim_runner::handle(app, body).boxed());
    let event = ("api/ProvidePipelinesAgent", limits::PROVIDE_PIPELINES_AGENT);
    let event = posted(app, event, |app, head, body| {
        provide_pipelines_agent::handle(app, head, body).boxed()
    });
    let call = ("api/ProvideAzDOAgent", limits::PROVIDE_AZDO_AGENT);
    let call =
        posted(app, call, |app, head, body| provide_azdo_agent::handle(app, head, body).boxed());
    hook.or(claim).unify().or(event).unify().or(call).unify()
}

/// Handles a request with its head and body.
type Handle = for<'a> fn(&'a App, &'a HeaderMap, &'a mut Body) -> BoxFuture<'a, Response>;

/// Routes the requests that are posted to a path. What the function leaves of the body is read and discarded.
fn posted(
    app: &Arc<App>,
    (expected, limit): (&'static str, Limit),
    handle: Handle,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    path(expected).and(method(Method::POST)).and(warp::header::headers_cloned()).and(body()).then(
        move |headers: HeaderMap, mut body: Body| {
            let app = Arc::clone(&app);
            limit.run(async move {
                let response = handle(&app, &headers, &mut body).await;
                discard_rest(&mut body).await;
                response
            })
        },
    )
}

/// Routes the host's own requests: queue messages and timers, each in its envelope.
fn triggers(
    app: &Arc<App>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let submit_runner_task = path("SubmitRunnerTask")
        .and(method(Method::POST))
        .and(app.clone())
        .and(warp::body::bytes())
        .then(|app: Arc<App>, body: Bytes| {
            let invocation = async move { submit_runner_task::handle(&app, &body).await };
            limits::SUBMIT_RUNNER_TASK.run(invocation)
        });
    let reconcile_runners = path("ReconcileRunners")
        .and(method(Method::POST))
        .and(app.clone())
        .then(|app: Arc<App>| {
            let invocation = async move { reconcile_runners::handle(&app).await };
            limits::RECONCILE_RUNNERS.run(invocation)
        });
    let refresh_firewall =
        path("RefreshFirewall").and(method(Method::POST)).and(app).and(warp::body::bytes()).then(
            |app: Arc<App>, body: Bytes| {
                let invocation = async move { refresh_firewall::handle(&app, &body).await };
                limits::REFRESH_FIREWALL.run(invocation)
            },
        );
    submit_runner_task.or(refresh_firewall).unify().or(reconcile_runners).unify()
}

/// Matches requests to a path in any case: the host lists its functions' URLs in lower case, routes without regard
/// to case, and forwards a path as the caller has written it.
fn path(expected: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::path::full()
        .and_then(move |given: FullPath| {
            let matches = is_path(given.as_str(), expected);
            future::ready(if matches { Ok(()) } else { Err(reject::not_found()) })
        })
        .untuple_one()
}

/// Returns whether a given path equals the expected one, which has no slashes at its ends.
fn is_path(given: &str, expected: &str) -> bool {
    let given = given.strip_prefix('/').unwrap_or(given);
    let given = given.strip_suffix('/').unwrap_or(given);
    let given = given.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy());
    given.map(|part| part.to_ascii_lowercase()).eq(expected.split('/').map(str::to_ascii_lowercase))
}

/// Matches requests with one method.
fn method(expected: Method) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::method()
        .and_then(move |given: Method| {
            let error = MethodNotAllowed(expected.clone());
            future::ready(if given == error.0 { Ok(()) } else { Err(reject::custom(error)) })
        })
        .untuple_one()
}

/// Routes the requests of operators, which the host forwards.
fn operators(
    app: &Arc<App>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let operate = ("api/Operate", limits::OPERATE);
    let operate = posted(app, operate, |app, head, body| operate::handle(app, head, body).boxed());
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let status = path("api/Status")
        .and(method(Method::GET))
        .and(app.clone())
        .and(warp::header::headers_cloned())
        .then(|app: Arc<App>, headers: HeaderMap| {
            limits::STATUS.run(async move { status::handle(&app, &headers).await })
        });
    let status_page = path("api/StatusPage")
        .and(method(Method::GET))
        .and(app)
        .and(warp::header::headers_cloned())
        .then(|app: Arc<App>, headers: HeaderMap| {
            limits::STATUS_PAGE.run(async move { status_page::handle(&app, &headers).await })
        });
    status.or(status_page).unify().or(operate).unify()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_in_any_case_and_with_a_final_slash() {
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
