//! RefreshFirewall: updates both firewalls with the addresses from which GitHub sends webhooks.
//!
//! It runs every six hours, at an unusual minute. It does not run at the host's start: on Flex Consumption the host of
//! this function starts because the timer is due, so each run would happen twice. A run that finds no change writes
//! nothing, so concurrent and interrupted runs are harmless.

use std::time::Duration;

use http::StatusCode;
use ipnet::IpNet;
use tracing::{error, info};

use crate::app::App;
use crate::deadline::{Deadline, Elapsed};
use crate::error_chain::ErrorChain;
use crate::firewall::plan::{Desired, Plan, plan};
use crate::firewall::published::Implausible;
use crate::firewall::restrictions::RestrictionsError;
use crate::firewall::{HookRanges, HookSource};
use crate::github::GithubError;
use crate::http::Response;
use crate::invocation;
use crate::management::{Management, ManagementError};
use crate::polling::DemandSource;
use crate::storage::{StateError, Written};

/// The identity's own retries wait longer than a request takes. The rest of the invocation is for the alert.
const WORK_TIMEOUT: Duration = Duration::from_secs(190);
/// The name of the trigger in function.json.
const BINDING: &str = "timer";

/// Why the firewalls could not be updated.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error(
        "apply GitHub's webhook ranges (nothing was changed; if the hooks in GitHub's /meta are correct, set GithubHookRanges to them)"
    )]
    Implausible(#[from] Implausible),
    #[error("read GitHub's webhook ranges (nothing was changed; the next run retries)")]
    Github(#[from] GithubError),
    #[error(
        "store the webhook ranges (check the role of the app's identity on the storage account; the next run retries)"
    )]
    Store(#[from] StateError),
    #[error(
        "update the access restrictions (the handler's own ranges are current; the next run retries)"
    )]
    Management(#[from] ManagementError),
    #[error(
        "create access restrictions for the webhook ranges (the handler's own ranges are current)"
    )]
    Restrictions(#[from] RestrictionsError),
    #[error("update the webhook ranges (the next run retries)")]
    Elapsed(#[from] Elapsed),
}

/// Handles an invocation.
pub(crate) async fn handle(app: &App, envelope: &[u8]) -> Response {
    if invocation::timer_is_late(envelope, BINDING) {
        info!("the timer fired late");
    }
    let refreshed = Deadline::after(WORK_TIMEOUT).bound(refresh(app)).await;
    match refreshed.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(done) => {
            info!("{done}");
            Response::json(StatusCode::OK, &invocation::response(done))
        }
        Err(err) => {
            error!(alarm = "firewall", "failed to {}", ErrorChain(&err));
            Response::error(StatusCode::INTERNAL_SERVER_ERROR, ErrorChain(&err))
        }
    }
}

async fn refresh(app: &App) -> Result<&'static str, RefreshError> {
    if app.reconciliation.demand == DemandSource::Polling {
        return Ok("no webhook is accepted: nothing to update");
    }
    let (plan, stored) = match &app.firewall_settings.source {
        HookSource::Listed(HookRanges::Any) => {
            return Ok("webhooks are accepted from any address: nothing to store");
        }
        HookSource::Listed(HookRanges::Networks(listed)) => (plan(Desired::Listed(listed))?, false),
        HookSource::Published { built_in } => follow(app, built_in).await?,
    };
    let restricted = match &app.management {
        Some(management) => update_restrictions(management, &plan).await?,
        None => false,
    };
    Ok(match (stored, restricted) {
        (false, false) => "nothing has changed",
        (true, false) => "stored new webhook ranges",
        (false, true) => "wrote new access restrictions",
        (true, true) => "stored new webhook ranges and wrote new access restrictions",
    })
}

/// Reads the ranges that GitHub publishes, stores them if they differ, and returns whether they did.
async fn follow(app: &App, built_in: &[IpNet]) -> Result<(Plan, bool), RefreshError> {
    let read = app.hook_ranges.read().await?;
    let tag = read.stored.as_ref().and_then(|stored| stored.tag.as_deref());
    let response = app.github.hook_ranges(tag).await?;
    let plan = plan(Desired::Published { built_in, stored: read.stored.as_ref(), response })?;
    let Some(store) = &plan.store else { return Ok((plan, false)) };
    match app.hook_ranges.write(store, &read).await? {
        Written::Done => {}
        // It has just read GitHub's ranges as well. If the two got different ones, the next run will find out.
        Written::Conflict => info!("another process has stored the webhook ranges"),
    }
    Ok((plan, true))
}

/// Updates the app's access restrictions to the plan, and returns whether a write was needed.
async fn update_restrictions(management: &Management, plan: &Plan) -> Result<bool, RefreshError> {
    let Some(rules) = plan.rules(&management.restrictions().await?)? else { return Ok(false) };
    management.restrict(&rules).await?;
    Ok(true)
}
