//! RefreshFirewall: brings both gates to the addresses that GitHub's webhooks come from.
//!
//! Every six hours, at a minute that others do not choose. Not at the host's start: on Flex Consumption the
//! host of this function starts because its time has come, so that each run would come twice. A run that
//! changes nothing writes nothing, so that runs at once, or after a kill, do no harm.

use std::time::Duration;

use http::StatusCode;
use ipnet::IpNet;
use tracing::{error, info};

use crate::app::App;
use crate::deadline::{Deadline, Elapsed};
use crate::error_chain::ErrorChain;
use crate::firewall::plan::{Plan, Wanted, plan};
use crate::firewall::published::Implausible;
use crate::firewall::restrictions::Unlayable;
use crate::firewall::{HookRanges, HookSource};
use crate::github::GithubError;
use crate::http::Response;
use crate::invocation;
use crate::management::{Management, ManagementError};
use crate::storage::{StateError, Written};

/// The identity's own retries pause for longer than a request takes; the rest is for the alarm.
const WORK_TIMEOUT: Duration = Duration::from_secs(190);
/// The name of the trigger in function.json.
const BINDING: &str = "timer";

/// Why a gate does not stand as it should.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(
        "take over GitHub's webhook ranges (nothing was changed; where hooks of its /meta are right, set GithubHookRanges to them)"
    )]
    Implausible(#[from] Implausible),
    #[error("learn GitHub's webhook ranges (nothing was changed; the next run asks again)")]
    Github(#[from] GithubError),
    #[error(
        "keep the webhook ranges (check the role of the app's identity on the storage account; the next run tries again)"
    )]
    Kept(#[from] StateError),
    #[error(
        "bring the access restrictions to the webhook ranges (the handler's own are current; the next run tries again)"
    )]
    Management(#[from] ManagementError),
    #[error("lay access restrictions for the webhook ranges (the handler's own are current)")]
    Unlayable(#[from] Unlayable),
    #[error("follow GitHub's webhook ranges (the next run tries again)")]
    Elapsed(#[from] Elapsed),
}

/// Answers an invocation.
pub(crate) async fn handle(app: &App, envelope: &[u8]) -> Response {
    if invocation::timer_is_late(envelope, BINDING) {
        info!("late");
    }
    let refreshed = Deadline::after(WORK_TIMEOUT).bound(refresh(app)).await;
    match refreshed.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(done) => {
            info!("{done}");
            Response::json(StatusCode::OK, &invocation::response(done))
        }
        Err(trouble) => {
            error!(alarm = "firewall", "failed to {}", ErrorChain(&trouble));
            Response::error(StatusCode::INTERNAL_SERVER_ERROR, ErrorChain(&trouble))
        }
    }
}

async fn refresh(app: &App) -> Result<&'static str, Trouble> {
    let (plan, kept) = match &app.firewall_settings.source {
        HookSource::Listed(HookRanges::Any) => return Ok("anybody may deliver: nothing is kept"),
        HookSource::Listed(HookRanges::Networks(listed)) => (plan(Wanted::Listed(listed))?, false),
        HookSource::Published { built_in } => follow(app, built_in).await?,
    };
    let laid = match &app.management {
        Some(management) => lay(management, &plan).await?,
        None => false,
    };
    Ok(match (kept, laid) {
        (false, false) => "nothing has changed",
        (true, false) => "kept new webhook ranges",
        (false, true) => "laid new access restrictions",
        (true, true) => "kept new webhook ranges and laid new access restrictions",
    })
}

/// Learns what GitHub publishes, and keeps it where it differs; tells whether it did.
async fn follow(app: &App, built_in: &[IpNet]) -> Result<(Plan, bool), Trouble> {
    let read = app.hook_ranges.read().await?;
    let tag = read.kept.as_ref().and_then(|kept| kept.tag.as_deref());
    let answer = app.github.hook_ranges(tag).await?;
    let plan = plan(Wanted::Published { built_in, kept: read.kept.as_ref(), answer })?;
    let Some(keep) = &plan.keep else { return Ok((plan, false)) };
    match app.hook_ranges.write(keep, &read).await? {
        Written::Done => {}
        // It asked GitHub a moment ago as well; where the two were told differently, the next run finds out.
        Written::Conflict => info!("another process was quicker"),
    }
    Ok((plan, true))
}

/// Brings the app's access restrictions to the plan; tells whether they had to be written.
async fn lay(management: &Management, plan: &Plan) -> Result<bool, Trouble> {
    let Some(rules) = plan.rules(&management.restrictions().await?)? else { return Ok(false) };
    management.restrict(&rules).await?;
    Ok(true)
}
