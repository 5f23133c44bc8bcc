//! Decides what an operator's replay does, and what it skips for which reason.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::assignment::Job;
use crate::reconcile::snapshot::PoisonMessage;
use crate::reconcile::{
    Disposition, LostEvent, Repair, Rules, WaitReason, WaitingJob, disposition,
};

mod request;

pub use request::{Replay, Selection};

/// Maximum number of redeliveries per request. GitHub counts each writing request as five.
pub const MAX_DELIVERIES: usize = 50;

/// An item that was not replayed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Skipped {
    /// The message, delivery or job.
    pub item: String,
    /// Why it was skipped.
    pub reason: String,
}

/// The response of Operate.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OperateResponse {
    /// The operation of the request, such as `replay`.
    pub operation: String,
    /// The effects, one sentence each.
    pub done: Vec<String>,
    /// What was not done, or not replayed.
    pub skipped: Vec<Skipped>,
}

/// The repairs of a replay, each with the name of its item, and the skipped items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The repairs.
    pub repairs: Vec<(String, Repair)>,
    /// The skipped items.
    pub skipped: Vec<Skipped>,
}

impl Plan {
    /// Creates a plan that skips one item.
    pub fn skip(item: impl Into<String>, reason: impl Into<String>) -> Self {
        let mut plan = Self::default();
        plan.add_skipped(item.into(), reason);
        plan
    }

    fn add_skipped(&mut self, item: String, reason: impl Into<String>) {
        self.skipped.push(Skipped { item, reason: reason.into() });
    }
}

/// Plans the replay of poison messages that can be read and served.
pub fn poison(
    messages: &[PoisonMessage],
    selection: &Selection,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Plan {
    let mut plan = Plan::default();
    for message in messages.iter().filter(|message| selection.selects(&message.handle)) {
        let handle = message.handle.clone();
        let name = format!("message {handle}");
        match (disposition(message, rules, now), message.request()) {
            (Disposition::Replay(_), Some(request)) => {
                let request = request.clone();
                plan.repairs.push((name, Repair::Replay { handle, request }));
            }
            (Disposition::Delete(why), _) => plan.add_skipped(name, why),
            (Disposition::NoProfile(_), _) => {
                plan.add_skipped(name, "its profile is not in setting RunnerProfiles");
            }
            (Disposition::Unreadable(_) | Disposition::Replay(_), _) => {
                plan.add_skipped(name, "this version of the handler cannot read it");
            }
        }
    }
    if let (Selection::One(handle), true) = (selection, plan == Plan::default()) {
        plan.add_skipped(
            format!("message {handle}"),
            "it is not among the 32 oldest messages of the poison queue",
        );
    }
    plan
}

/// Plans redeliveries: of all failed deliveries that were abandoned, or of one, whatever its redeliveries.
pub fn deliveries(lost: &[LostEvent<'_>], selection: &Selection) -> Plan {
    let mut plan = Plan::default();
    for lost in lost.iter().filter(|lost| selection.selects(&lost.last.guid)) {
        let name = format!("delivery {}", lost.last.guid);
        if *selection == Selection::All && !lost.abandoned {
            let times = lost.redeliveries;
            plan.add_skipped(
                name,
                format!("it is redelivered automatically, {times} times so far"),
            );
        } else if plan.repairs.len() == MAX_DELIVERIES {
            plan.add_skipped(
                name,
                format!("at most {MAX_DELIVERIES} are replayed at a time; replay again"),
            );
        } else {
            let (hook, delivery) = (lost.last.hook.clone(), lost.last.id);
            let guid = lost.last.guid.clone();
            plan.repairs.push((name, Repair::Redeliver { hook, delivery, guid }));
        }
    }
    if let (Selection::One(guid), true) = (selection, plan == Plan::default()) {
        plan.add_skipped(
            format!("delivery {guid}"),
            "no webhook of this deployment failed to deliver it within a day",
        );
    }
    plan
}

/// Plans a request for the next runner of a waiting job: as reconciliation would, but without its delays.
///
/// `waiting` is the job as reconciliation sees it, if it waits for a runner of this deployment.
pub fn job(id: u64, job: &Job, waiting: Option<&WaitingJob<'_>>) -> Plan {
    let name = format!("job {id}");
    let waiting = match (job.status.as_str(), waiting) {
        ("queued", Some(waiting)) => waiting,
        ("queued", None) => {
            return Plan::skip(name, "its labels do not select a runner of this deployment");
        }
        (status, _) => {
            let runner = job.runner.as_ref().map(|runner| format!(" on {runner}"));
            return Plan::skip(name, format!("it is {status}{}", runner.unwrap_or_default()));
        }
    };
    let why = &waiting.reason;
    match (waiting.task, why, &waiting.next) {
        (Some(task), _, _) => Plan::skip(name, format!("task {} is to serve it: {why}", task.id)),
        (
            None,
            WaitReason::NoProfile(_)
            | WaitReason::Group(_)
            | WaitReason::OfUser
            | WaitReason::Paused { .. }
            | WaitReason::TooManyRunners,
            _,
        )
        | (None, _, None) => Plan::skip(name, why.to_string()),
        (None, _, Some(request)) => {
            Plan { repairs: vec![(name, Repair::Request(request.clone()))], skipped: Vec::new() }
        }
    }
}

#[cfg(test)]
mod tests;
