//! Decides what is put back on the road, and what is swept off it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::seen::{PoisonMessage, Seen, Stage};
use super::{Repair, Rules};
use crate::message::{LONGEST_WAIT, Message};

/// How long a message lies among the poison before it is tried again.
const REST: TimeDelta = TimeDelta::minutes(10);

/// Decides about messages, ended tasks and claims.
pub(super) fn plan(seen: &Seen, rules: &Rules, now: DateTime<Utc>) -> Vec<Repair> {
    let poison = seen.poison.iter().filter_map(|message| replay(message, rules, now));
    poison.chain(ended(seen, rules, now)).chain(claims(seen)).collect()
}

/// A message goes back when this version can read it and its profile is there.
fn replay(message: &PoisonMessage, rules: &Rules, now: DateTime<Utc>) -> Option<Repair> {
    let handle = message.handle.clone();
    let (asked_at, request) = match &message.message {
        Some(Message::Request(request)) => (request.requested_at, Some(request)),
        // Whatever a hint would have led to is found by looking at all that there is.
        Some(Message::Taken(_) | Message::Cancelled(_)) => return Some(Repair::Drop { handle }),
        None => (message.since, None),
    };
    if now - asked_at >= LONGEST_WAIT {
        return Some(Repair::Drop { handle });
    }
    let request = request?.clone();
    let served = rules.policy.profiles.iter().any(|profile| profile.name == request.profile);
    (served && now - message.since >= REST).then_some(Repair::Replay { handle, request })
}

fn ended(seen: &Seen, rules: &Rules, now: DateTime<Utc>) -> impl Iterator<Item = Repair> {
    seen.tasks.iter().filter_map(move |task| match task.stage {
        Stage::Ended { at, .. } if now - at >= rules.keep_ended => {
            Some(Repair::DeleteTask { batch_job: task.batch_job.clone(), task: task.id.clone() })
        }
        _ => None,
    })
}

fn claims(seen: &Seen) -> Vec<Repair> {
    let known: BTreeSet<String> = seen.tasks.iter().map(|task| task.id.to_string()).collect();
    let kept: BTreeSet<&String> = seen.claims.iter().flatten().collect();
    let gone = kept.into_iter().filter(|task| !known.contains(*task));
    gone.map(|task| Repair::DeleteClaims { task: task.clone() }).collect()
}
