//! How often a request gets an agent.
//!
//! The requests of a cancelled run can stay without a result for ever
//! (<https://learn.microsoft.com/answers/questions/5793414>), and a request also waits while the organization has no parallel
//! job for it. Both look like any other waiting request.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Action, Plan, PlanRules, PoolSnapshot, Unservable, WaitingRequest, was_terminated};
use crate::pipelines::dto::JobRequest;
use crate::profiles::PipelinesProfile;
use crate::reconcile::snapshot::Stage;

/// The number of agents of one request that are removed because they got no job. Then it gets no more.
pub const MAX_IDLE_AGENTS: usize = 3;
/// The number of replacements that are made soon.
const SOON: usize = 3;
const SOON_DELAY: TimeDelta = TimeDelta::minutes(2);
const LATER_DELAY: TimeDelta = TimeDelta::minutes(30);

/// Adds the next task of a request, if it is due.
pub(super) fn add(
    request: &JobRequest,
    profile: &PipelinesProfile,
    (snapshot, leaving): (&PoolSnapshot<'_>, &BTreeSet<String>),
    rules: &PlanRules,
    now: DateTime<Utc>,
    plan: &mut Plan,
) {
    let of_request = |task: &&super::AgentTask| task.id.job == request.request_id;
    let made: Vec<_> = snapshot.tasks.iter().filter(of_request).collect();
    let ended = made.iter().filter_map(|task| match task.stage {
        Stage::Ended { at, .. } => Some(at),
        _ => None,
    });
    let (count, last) = (ended.clone().count(), ended.max());
    let delay = match count {
        0 | 1 => TimeDelta::zero(),
        n if n <= SOON => SOON_DELAY,
        _ => LATER_DELAY,
    };
    let mut waits = |why| plan.waiting.push(WaitingRequest { request: request.request_id, why });
    if made.iter().filter(|task| was_terminated(task)).count() >= MAX_IDLE_AGENTS {
        return waits(Unservable::NotAssigned);
    }
    // A task that is terminated by this plan counts once it has ended.
    let is_leaving = made.iter().any(|task| leaving.contains(&task.id.to_string()));
    if is_leaving || last.is_some_and(|last| now - last < delay) {
        return waits(Unservable::Later);
    }
    let number = made.iter().map(|task| task.id.replacement).max().unwrap_or(0) + 1;
    let run = request.owner.as_ref().map(|owner| owner.id);
    plan.actions.push(Action::Add {
        id: rules.deployment.of_agents().task(request.request_id, number),
        profile: profile.name.clone(),
        check: run.filter(|_| count > 0),
    });
}
