//! Keeps the subscriptions of the service hook enabled: Azure DevOps disables one whose deliveries fail, and its events are
//! lost. No job is lost by it, since the agent pools are read anyway; each waits longer.

use anyhow::Context;
use tracing::{error, info, warn};

use crate::app::{App, PipelinesService};
use crate::error_chain::ErrorChain;
use crate::pipelines::PipelinesError;
use crate::pipelines::subscription::{Repairs, Subscription, meaning};
use crate::storage::Written;

/// Enables the subscriptions again that the service has disabled or put on probation. A credential that may not read them
/// leaves them to their administrator.
pub(super) async fn repair(app: &App, service: &PipelinesService) {
    if !service.settings.receives_events() || !service.runs.reads_hooks(app.clock.now()) {
        return;
    }
    match own(app, service).await {
        Ok(own) => enable_failed(app, service, &own).await,
        Err(err @ PipelinesError::HooksForbidden { .. }) => info!("{err}"),
        Err(err) => warn!("continuing without the service hooks: {}", ErrorChain(&err)),
    }
}

async fn enable_failed(app: &App, service: &PipelinesService, own: &[Subscription]) {
    for subscription in own.iter().filter(|one| one.failed()) {
        match begin(app, service, subscription.id()).await {
            Ok(true) => enable(service, subscription).await,
            Ok(false) => {}
            Err(err) => warn!("failed to {err:#}; a later run enables the service hook"),
        }
    }
}

/// Records that a subscription is enabled again, unless that was done a short time ago. It is recorded first, so that Status
/// reports an interrupted attempt too.
async fn begin(app: &App, service: &PipelinesService, id: &str) -> anyhow::Result<bool> {
    let stored = service.hook_repairs.read().await.context("read the repairs of service hooks")?;
    let mut repairs = Repairs::parse(stored.bytes.as_deref());
    if !repairs.enable(id, app.clock.now()) {
        return Ok(false);
    }
    let bytes = serde_json::to_vec(&repairs).context("serialize the repairs of service hooks")?;
    let written = service.hook_repairs.write(bytes, &stored).await;
    Ok(written.context("record the repair of a service hook")? == Written::Done)
}

async fn enable(service: &PipelinesService, subscription: &Subscription) {
    let (id, was) = (subscription.id(), meaning(subscription.status()));
    let password = service.settings.hook_password.as_ref().map(|password| password.newest());
    match service.client.replace_subscription(&subscription.enabled(password)).await {
        Ok(()) => error!(
            alarm = "delivery",
            "subscription {id} was {was}; it is enabled again, and ReconcileRunners finds the jobs of the lost events"
        ),
        Err(err) => error!(
            alarm = "delivery",
            "subscription {id} is {was}; enable it in the project's service hooks: {}",
            ErrorChain(&err)
        ),
    }
}

/// Lists the subscriptions that deliver to this app; none if its host is not known.
pub(in crate::functions) async fn own(
    app: &App,
    service: &PipelinesService,
) -> Result<Vec<Subscription>, PipelinesError> {
    let Some(host) = &app.reconciliation.own_host else { return Ok(Vec::new()) };
    let mut all = service.client.subscriptions().await?;
    all.retain(|one| one.delivers_to(host));
    Ok(all)
}

/// Lists what Status reports about subscriptions. Events only shorten waiting, so the report is complete without them.
pub(in crate::functions) async fn report(app: &App) -> Vec<String> {
    let Some(service) = app.pipelines.as_ref().filter(|one| one.settings.receives_events()) else {
        return Vec::new();
    };
    match lines(app, service).await {
        Ok(lines) => lines,
        Err(err) => {
            info!("continuing without the service hooks: {err:#}");
            Vec::new()
        }
    }
}

async fn lines(app: &App, service: &PipelinesService) -> anyhow::Result<Vec<String>> {
    let own = own(app, service).await?;
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let stored = service.hook_repairs.read().await?;
    let repairs = Repairs::parse(stored.bytes.as_deref());
    let line = |one: &Subscription| {
        let (id, status) = (one.id(), one.status());
        if status != "enabled" {
            return Some(format!("service hook {id} is {}", meaning(status)));
        }
        let at = repairs.enabled_at(id, app.clock.now())?.format("%Y-%m-%d %H:%M UTC");
        Some(format!("service hook {id} was enabled again at {at}"))
    };
    Ok(own.iter().filter_map(line).collect())
}
