//! Decides which poison messages are replayed, and which messages, tasks and claims are deleted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::ownership::{Evidence, Ownership};
use super::snapshot::{PoisonMessage, Snapshot, Stage};
use super::{Repair, Rules};
use crate::message::{MAX_WAIT, Message};
use crate::ordered::InsertEach;

/// How long a poison message waits before it is replayed.
const REPLAY_DELAY: TimeDelta = TimeDelta::minutes(10);

/// Decides about poison messages, ended tasks and claims.
pub(super) fn plan(snapshot: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> Vec<Repair> {
    let poison = snapshot.poison.iter().filter_map(|message| repair(message, rules, now));
    poison
        .chain(ended_tasks(snapshot, rules, now))
        .chain(claims_without_task(snapshot, rules))
        .collect()
}

/// The disposition of a poison message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disposition {
    /// It is replayed at this time.
    Replay(DateTime<Utc>),
    /// It is deleted at this time unless a version of the handler can read it before.
    Unreadable(DateTime<Utc>),
    /// It is deleted at this time unless its profile is added before.
    NoProfile(DateTime<Utc>),
    /// It is deleted now, for this reason.
    Delete(&'static str),
}

/// Returns the disposition of a poison message.
pub fn disposition(message: &PoisonMessage, rules: &Rules, now: DateTime<Utc>) -> Disposition {
    const TOO_OLD: Disposition =
        Disposition::Delete("it is a day old; reconciliation lists the job if it still waits");
    let request = match &message.message {
        Some(Message::Request(request)) => request,
        Some(Message::Reassigned(_) | Message::Cancelled(_) | Message::Pipelines(_)) => {
            return Disposition::Delete("it is a job event, which reconciliation replaces");
        }
        None => {
            let end = message.poisoned_at + MAX_WAIT;
            return if now >= end { TOO_OLD } else { Disposition::Unreadable(end) };
        }
    };
    let end = request.requested_at + MAX_WAIT;
    let served = rules.policy.profiles.iter().any(|profile| profile.name == request.profile);
    match served {
        _ if now >= end => TOO_OLD,
        true => Disposition::Replay(message.poisoned_at + REPLAY_DELAY),
        false => Disposition::NoProfile(end),
    }
}

/// A message is replayed if this version can read it and its profile exists.
fn repair(message: &PoisonMessage, rules: &Rules, now: DateTime<Utc>) -> Option<Repair> {
    let handle = message.handle.clone();
    match disposition(message, rules, now) {
        Disposition::Delete(_) => Some(Repair::DeletePoison { handle }),
        Disposition::Replay(at) if now >= at => {
            Some(Repair::Replay { handle, request: message.request()?.clone() })
        }
        Disposition::Replay(_) | Disposition::Unreadable(_) | Disposition::NoProfile(_) => None,
    }
}

fn ended_tasks(
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Repair> {
    snapshot.tasks.iter().filter_map(move |task| match task.stage {
        Stage::Ended { at, .. } if now - at >= rules.keep_ended => {
            Some(Repair::DeleteTask { batch_job: task.batch_job.clone(), task: task.id.clone() })
        }
        _ => None,
    })
}

/// Finds the claims that prove nothing any more: there is neither a task nor a registered runner of their name.
fn claims_without_task(snapshot: &Snapshot, rules: &Rules) -> Vec<Repair> {
    if !snapshot.runners.unread.is_empty() {
        return Vec::new();
    }
    let evidence = Evidence::new(snapshot, rules);
    let runners = snapshot.runners.named.iter();
    let runners = runners.filter(|runner| evidence.owner(runner) != Ownership::Anothers);
    let names = snapshot.tasks.iter().map(|task| &task.id).chain(runners.map(|one| &one.name));
    let needed: BTreeSet<String> = names.map(ToString::to_string).insert_each();
    let mut blobs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for claim in snapshot.claims.iter().flatten() {
        blobs.entry(&claim.task).or_default().push(claim.blob.clone());
    }
    let unneeded = blobs.into_iter().filter(|(task, _)| !needed.contains(*task));
    unneeded.map(|(task, blobs)| Repair::DeleteClaims { task: task.to_owned(), blobs }).collect()
}
