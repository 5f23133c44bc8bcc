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
use futures::{Stream, TryStreamExt, future};
use warp::http::{HeaderMap, Method};
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
    let of_operators = operators::routes(&app);
    let app = warp::any().map(move || Arc::clone(&app));
    let readiness = warp::path::end().and(takes(Method::GET)).map(Answer::ready);
    let provide_actions_runner = warp::path!("api" / "ProvideActionsRunner")
        .and(takes(Method::POST))
        .and(app.clone())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(|app: Arc<App>, headers: HeaderMap, body| async move {
            provide_actions_runner::answer(&app, &headers, body).await
        });
    let claim_runner = warp::path!("api" / "ClaimRunner")
        .and(takes(Method::POST))
        .and(app.clone())
        .and(warp::body::stream())
        .then(|app: Arc<App>, body| async move { claim_runner::answer(&app, body).await });
    let submit_runner_task =
        warp::path!("SubmitRunnerTask")
            .and(takes(Method::POST))
            .and(app.clone())
            .and(warp::body::bytes())
            .then(|app: Arc<App>, body: Bytes| async move {
                submit_runner_task::answer(&app, &body).await
            });
    let reconcile_runners = warp::path!("ReconcileRunners")
        .and(takes(Method::POST))
        .and(app.clone())
        .then(|app: Arc<App>| async move { reconcile_runners::answer(&app).await });
    let refresh_firewall = warp::path!("RefreshFirewall")
        .and(takes(Method::POST))
        .and(app)
        .and(warp::body::bytes())
        .then(
            |app: Arc<App>, body: Bytes| async move { refresh_firewall::answer(&app, &body).await },
        );
    provide_actions_runner
        .or(claim_runner)
        .unify()
        .or(of_operators)
        .unify()
        .or(submit_runner_task)
        .unify()
        .or(refresh_firewall)
        .unify()
        .or(reconcile_runners)
        .unify()
        .or(readiness)
        .unify()
        .recover(
            |rejection: Rejection| async move { Ok::<_, Infallible>(Answer::unrouted(&rejection)) },
        )
        .unify()
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

/// Why a body was not read.
enum Unread {
    TooLarge,
    Broken,
}

/// Reads a body of at most `limit` bytes, whether its length was announced or not.
async fn read_body<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>>,
    limit: usize,
) -> Result<Bytes, Unread> {
    let mut body = std::pin::pin!(body);
    let mut read = BytesMut::new();
    while let Some(mut part) = body.try_next().await.map_err(|_| Unread::Broken)? {
        if read.len() + part.remaining() > limit {
            return Err(Unread::TooLarge);
        }
        read.extend_from_slice(&part.copy_to_bytes(part.remaining()));
    }
    Ok(read.freeze())
}
