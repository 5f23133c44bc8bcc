//! Applies the scheduled faults of the organization, and ends them.

use std::sync::Arc;
use std::time::Duration;

use azure_pipelines_emulator::{PersonalToken, Pipelines, SubscriptionStatus};

use super::TOKEN;
use crate::environment::setup::Environment;
use crate::scenario::FaultKind;

/// Applies such a fault, and waits until it is over; any other fault is ignored.
pub(in crate::environment) async fn apply(
    environment: &Arc<Environment>,
    fault: &FaultKind,
    lasts: Duration,
) {
    let Some(organization) = &environment.organization else { return };
    let pipelines = &organization.service.emulator;
    let change: fn(&Pipelines, &Environment, bool) = match fault {
        FaultKind::TokenExpired { .. } => set_expired,
        FaultKind::NoAgentAssignment { .. } => |pipelines, _, on| pipelines.pause_assignment(on),
        FaultKind::HooksDisabled { .. } => |pipelines, _, on| disable_hooks(pipelines, on),
        _ => return,
    };
    change(pipelines, environment, true);
    environment.network.pass(lasts).await;
    change(pipelines, environment, false);
}

fn set_expired(pipelines: &Pipelines, environment: &Environment, is_expired: bool) {
    let expires_at = is_expired.then(|| environment.network.clock.now());
    pipelines.set_token(PersonalToken { expires_at, ..PersonalToken::new(TOKEN) });
}

fn disable_hooks(pipelines: &Pipelines, are_disabled: bool) {
    let status = match are_disabled {
        true => SubscriptionStatus::DisabledByUser,
        false => SubscriptionStatus::Enabled,
    };
    for subscription in pipelines.subscriptions() {
        pipelines.set_subscription_status(&subscription.id, status);
    }
}
