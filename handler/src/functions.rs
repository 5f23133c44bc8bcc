//! The functions: one file each, under the name that the Functions host knows.
//!
//! HTTP functions get the raw request, forwarded by the host under `/api/…`; the queue's messages and the
//! timers come in the host's envelope, as `POST /SubmitRunnerTask` and `POST /RefreshFirewall`.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Context;
use azure_core::credentials::TokenCredential;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use bytes::{Buf, Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, future};
use percent_encoding::percent_decode_str;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::{Filter, Rejection, reject};

use crate::batch::Batch;
use crate::clock::Clock;
use crate::github::Github;
use crate::management::Management;
use crate::scope::Scope;
use crate::settings::{
    FirewallSettings, ReconciliationSettings, RunnerSettings, Settings, WebhookSettings,
};
use crate::storage::{Claims, HookRangesBlob, PoisonQueue, RequestQueue, StateBlob};
use crate::transport::{Wire, Wires, azure_options, client_by_proxy, http_client, short_retries};

mod answer;
mod group;
mod limits;
mod provide_actions_runner;
mod submit_runner_task;
mod claim_runner;
mod walk;
mod refresh_firewall;
mod live_firewall;
mod observe;
mod reconcile_runners;
mod operators;
mod status;
mod operate;

use answer::{Answer, Takes};
use live_firewall::LiveFirewall;
use observe::Recollection;
use status::Overview;
use submit_runner_task::Generations;
use walk::Beaten;

/// The largest payload that GitHub delivers.
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>
const MAX_DELIVERY: usize = 25 << 20;

/// What every function may use: the settings that decide, and the clients that act.
pub struct App {
    webhook: WebhookSettings,
    firewall: LiveFirewall,
    firewall_settings: FirewallSettings,
    runners: RunnerSettings,
    scope: Scope,
    web: url::Url,
    queue: RequestQueue,
    claims: Claims,
    hook_ranges: HookRangesBlob,
    management: Option<Management>,
    batch: Batch,
    github: Github,
    generations: Generations,
    beaten: Beaten,
    poison: PoisonQueue,
    memory: StateBlob,
    reconciliation: ReconciliationSettings,
    recollection: Recollection,
    overview: Overview,
    clock: Clock,
}

impl App {
    /// Makes the clients. Nothing is sent yet.
    ///
    /// # Errors
    /// A client cannot be made of its settings.
    pub fn new(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let network = &settings.runners.surroundings.network;
        let certificates = network.extra_ca_certificates.as_deref();
        let azure = http_client(certificates)
            .context("read the certificates of setting ExtraCaCertificates")?;
        let outside = client_by_proxy(network.https_proxy.as_deref(), certificates)
            .context("use the proxy of setting HttpsProxy")?;
        let wires = Wires { azure: Wire::over_http(azure), outside: Wire::over_http(outside) };
        Self::with_wires(settings, clock, &wires)
    }

    /// Makes the clients, which send by these wires alone.
    ///
    /// # Errors
    /// A client cannot be made of its settings.
    pub fn with_wires(settings: Settings, clock: Clock, wires: &Wires) -> anyhow::Result<Self> {
        let Wires { azure, outside } = wires;
        let identity = identity(&settings, azure)?;
        let storage = &settings.storage;
        let queue = RequestQueue::new(&storage.queue, identity.as_ref(), azure);
        let hook_ranges = HookRangesBlob::new(&storage.state, identity.as_ref(), azure);
        let hook_ranges = hook_ranges.context("use the container of setting StateContainerUrl")?;
        let poison = PoisonQueue::new(&storage.queue, identity.as_ref(), azure);
        let memory = StateBlob::new("reconciliation", &storage.state, identity.as_ref(), azure);
        Ok(Self {
            queue: queue.context("use the queue of setting RunnerQueueUrl")?,
            poison: poison.context("use the poison queue beside that of RunnerQueueUrl")?,
            memory: memory.context("use the container of setting StateContainerUrl")?,
            reconciliation: settings.reconciliation,
            recollection: Recollection::default(),
            overview: Overview::default(),
            firewall: LiveFirewall::new(&settings.firewall, &hook_ranges),
            hook_ranges,
            management: management(&settings.firewall, identity.as_ref(), azure),
            firewall_settings: settings.firewall,
            claims: Claims::new(storage.state.clone(), identity.as_ref(), azure),
            batch: Batch::new(&settings.batch, identity, azure, clock.clone()),
            github: Github::new(&settings.github, outside.clone(), clock.clone()),
            scope: settings.github.scope,
            web: settings.github.web,
            webhook: settings.webhook,
            runners: settings.runners,
            generations: Generations::default(),
            beaten: Beaten::default(),
            clock,
        })
    }

    /// Keeps the process's copy of the webhook ranges up to date, for as long as the process lives.
    pub async fn follow_hook_ranges(&self) {
        self.firewall.follow().await;
    }
}

/// The management API, where access restrictions are to follow.
fn management(
    settings: &FirewallSettings,
    identity: Option<&Arc<dyn TokenCredential>>,
    azure: &Wire,
) -> Option<Management> {
    let (app, identity) = (settings.app.as_ref()?, Arc::clone(identity?));
    Some(Management::new(&settings.management, app, identity, azure.clone()))
}

/// The app's managed identity, where anything needs it: a key and signed addresses do without.
fn identity(settings: &Settings, azure: &Wire) -> anyhow::Result<Option<Arc<dyn TokenCredential>>> {
    let storage = &settings.storage;
    let signed = storage.queue.is_signed() && storage.state.is_signed();
    if settings.batch.key.is_some() && signed && settings.firewall.app.is_none() {
        return Ok(None);
    }
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: settings.identity_client_id.clone().map(UserAssignedId::ClientId),
        client_options: azure_options(azure, short_retries()),
    };
    let identity = ManagedIdentityCredential::new(Some(options));
    Ok(Some(identity.context("use the app's managed identity")?))
}

/// Routes the host's requests to the functions. `GET /` answers from the first moment: the host takes that
/// as readiness.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (Answer,), Error = Infallible> + Clone {
    let (by_http, by_triggers) = (of_callers(&app), of_triggers(&app));
    let by_operators = operators::routes(&app);
    let readiness = at("").and(takes(Method::GET)).map(Answer::ready);
    let unrouted =
        |rejection: Rejection| async move { Ok::<_, Infallible>(Answer::unrouted(&rejection)) };
    let all = by_http.or(by_operators).unify().or(by_triggers).unify().or(readiness).unify();
    all.recover(unrouted).unify()
}

/// Routes what GitHub and the runners send, which the host forwards.
fn of_callers(
    app: &Arc<App>,
) -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let provide_actions_runner = at("api/ProvideActionsRunner")
        .and(takes(Method::POST))
        .and(app.clone())
        .and(warp::header::headers_cloned())
        .and(body())
        .then(|app: Arc<App>, headers: HeaderMap, mut body: Body| {
            limits::PROVIDE_ACTIONS_RUNNER.hold(async move {
                let answer = provide_actions_runner::answer(&app, &headers, &mut body).await;
                drop_rest(&mut body).await;
                answer
            })
        });
    let claim_runner = at("api/ClaimRunner").and(takes(Method::POST)).and(app).and(body()).then(
        |app: Arc<App>, mut body: Body| {
            limits::CLAIM_RUNNER.hold(async move {
                let answer = claim_runner::answer(&app, &mut body).await;
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
) -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone + use<> {
    let app = Arc::clone(app);
    let app = warp::any().map(move || Arc::clone(&app));
    let submit_runner_task = at("SubmitRunnerTask")
        .and(takes(Method::POST))
        .and(app.clone())
        .and(warp::body::bytes())
        .then(|app: Arc<App>, body: Bytes| {
            let invocation = async move { submit_runner_task::answer(&app, &body).await };
            limits::SUBMIT_RUNNER_TASK.hold(invocation)
        });
    let reconcile_runners =
        at("ReconcileRunners").and(takes(Method::POST)).and(app.clone()).then(|app: Arc<App>| {
            let invocation = async move { reconcile_runners::answer(&app).await };
            limits::RECONCILE_RUNNERS.hold(invocation)
        });
    let refresh_firewall =
        at("RefreshFirewall").and(takes(Method::POST)).and(app).and(warp::body::bytes()).then(
            |app: Arc<App>, body: Bytes| {
                let invocation = async move { refresh_firewall::answer(&app, &body).await };
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
            let wrong = Takes(method.clone());
            future::ready(if asked == wrong.0 { Ok(()) } else { Err(reject::custom(wrong)) })
        })
        .untuple_one()
}

/// Reads a header's last value: the front end appends one of its own after the client's.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()
}

/// A request's body, as it comes.
type Body = BoxStream<'static, Result<Bytes, warp::Error>>;

fn body() -> impl Filter<Extract = (Body,), Error = Rejection> + Copy {
    warp::body::stream().map(|body| TryStreamExt::map_ok(body, bytes_of).boxed())
}

fn bytes_of(mut part: impl Buf) -> Bytes {
    part.copy_to_bytes(part.remaining())
}

/// Why a body was not read.
enum Unread {
    TooLarge,
    Broken,
}

/// Reads a body of at most `limit` bytes, whether its length was announced or not.
async fn read_body(body: &mut Body, limit: usize) -> Result<Bytes, Unread> {
    let mut read = BytesMut::new();
    while let Some(part) = body.try_next().await.map_err(|_| Unread::Broken)? {
        if read.len() + part.len() > limit {
            return Err(Unread::TooLarge);
        }
        read.extend_from_slice(&part);
    }
    Ok(read.freeze())
}

/// Reads what a function has left of a body, up to the largest that GitHub delivers, and keeps nothing of it.
///
/// An answer before the end of the body breaks the host's writing of it: for a body above 2 MB the host then answers
/// 500 in the place of the function's answer (seen with the host's source of 2024-10).
async fn drop_rest(body: &mut Body) {
    let mut left = MAX_DELIVERY;
    while let Ok(Some(part)) = body.try_next().await {
        match left.checked_sub(part.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
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
