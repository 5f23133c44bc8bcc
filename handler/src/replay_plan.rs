//! Decides what an operator's order puts back on the road, and what is left where it is, and why.

use serde::{Deserialize, Serialize};

mod order;

pub use order::{BadOrder, Replay, Which};

use crate::assignment::Job;
use crate::reconcile::snapshot::PoisonMessage;
use crate::reconcile::{
    Disposition, LostEvent, Repair, Rules, WaitReason, WaitingJob, disposition,
};
use chrono::{DateTime, Utc};

/// How many deliveries one order asks for again; GitHub counts each request that writes as five.
pub const MOST_DELIVERIES: usize = 50;

/// What an order leaves where it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Left {
    /// The message, delivery or job.
    pub what: String,
    /// Why nothing was done about it.
    pub why: String,
}

/// What Operate answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Operated {
    /// What was asked for: `replay`.
    pub operation: String,
    /// What was done, a sentence each.
    pub done: Vec<String>,
    /// What was left.
    pub left: Vec<Left>,
}

/// What is to be done, each thing under its name, and what is left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What is to be done.
    pub repairs: Vec<(String, Repair)>,
    /// What is left.
    pub left: Vec<Left>,
}

impl Plan {
    /// Leaves one thing.
    pub fn leaving(what: impl Into<String>, why: impl Into<String>) -> Self {
        let mut plan = Self::default();
        plan.leave(what.into(), why);
        plan
    }

    fn leave(&mut self, what: String, why: impl Into<String>) {
        self.left.push(Left { what, why: why.into() });
    }
}

/// Puts poison messages back that can be read and served.
pub fn poison(
    messages: &[PoisonMessage],
    which: &Which,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Plan {
    let mut plan = Plan::default();
    for message in messages.iter().filter(|message| which.means(&message.handle)) {
        let handle = message.handle.clone();
        let name = format!("message {handle}");
        match (disposition(message, rules, now), message.request()) {
            (Disposition::Replay(_), Some(request)) => {
                let request = request.clone();
                plan.repairs.push((name, Repair::Replay { handle, request }));
            }
            (Disposition::Delete(why), _) => plan.leave(name, why),
            (Disposition::NoProfile(_), _) => {
                plan.leave(name, "its profile is not in setting RunnerProfiles");
            }
            (Disposition::Unreadable(_) | Disposition::Replay(_), _) => {
                plan.leave(name, "this version of the handler cannot read it");
            }
        }
    }
    if let (Which::One(handle), true) = (which, plan == Plan::default()) {
        plan.leave(format!("message {handle}"), "it is not among the oldest 32 of the poison");
    }
    plan
}

/// Has lost deliveries made again: all that are asked for no more, or one, however often it was.
pub fn deliveries(lost: &[LostEvent<'_>], which: &Which) -> Plan {
    let mut plan = Plan::default();
    for lost in lost.iter().filter(|lost| which.means(&lost.last.guid)) {
        let name = format!("delivery {}", lost.last.guid);
        if *which == Which::All && !lost.abandoned {
            let times = lost.redeliveries;
            plan.leave(
                name,
                format!("GitHub is asked for it again without you, {times} times so far"),
            );
        } else if plan.repairs.len() == MOST_DELIVERIES {
            plan.leave(name, format!("{MOST_DELIVERIES} at a time: replay once more"));
        } else {
            let (hook, delivery) = (lost.last.hook.clone(), lost.last.id);
            let guid = lost.last.guid.clone();
            plan.repairs.push((name, Repair::Redeliver { hook, delivery, guid }));
        }
    }
    if let (Which::One(guid), true) = (which, plan == Plan::default()) {
        plan.leave(format!("delivery {guid}"), "no webhook of ours has lost it within a day");
    }
    plan
}

/// Asks for the next runner of a job that waits, as reconciliation would, only without the patience.
///
/// `waiting` is what reconciliation makes of the job, where it waits for a runner of ours.
pub fn job(id: u64, seen: &Job, waiting: Option<&WaitingJob<'_>>) -> Plan {
    let name = format!("job {id}");
    let waiting = match (seen.status.as_str(), waiting) {
        ("queued", Some(waiting)) => waiting,
        ("queued", None) => {
            return Plan::leaving(name, "its labels do not ask for a runner of ours");
        }
        (status, _) => {
            let runner = seen.runner.as_ref().map(|runner| format!(" on {runner}"));
            return Plan::leaving(name, format!("it is {status}{}", runner.unwrap_or_default()));
        }
    };
    let why = &waiting.reason;
    match (waiting.task, why, &waiting.next) {
        (Some(task), _, _) => Plan::leaving(name, format!("task {} is for it: {why}", task.id)),
        (None, WaitReason::NoProfile | WaitReason::Group(_), _) | (None, _, None) => {
            Plan::leaving(name, why.to_string())
        }
        (None, _, Some(request)) => {
            Plan { repairs: vec![(name, Repair::Request(request.clone()))], left: Vec::new() }
        }
    }
}

#[cfg(test)]
mod tests;
