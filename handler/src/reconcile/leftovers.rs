//! Decides what is put back on the road, and what is swept off it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::snapshot::{PoisonMessage, Snapshot, Stage};
use super::{Repair, Rules};
use crate::message::{MAX_WAIT, Message};

/// How long a message lies among the poison before it is tried again.
const REST: TimeDelta = TimeDelta::minutes(10);

/// Decides about messages, ended tasks and claims.
pub(super) fn plan(seen: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> Vec<Repair> {
    let poison = seen.poison.iter().filter_map(|message| replay(message, rules, now));
    poison.chain(ended(seen, rules, now)).chain(claims(seen)).collect()
}

/// What becomes of a poison message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// It goes back on the road then.
    Back(DateTime<Utc>),
    /// It is deleted then, because this version cannot read it.
    Unreadable(DateTime<Utc>),
    /// It is deleted then, because no profile serves it.
    NoProfile(DateTime<Utc>),
    /// It is of no use, for this reason.
    Useless(&'static str),
}

/// Tells what becomes of a poison message.
pub fn fate(message: &PoisonMessage, rules: &Rules, now: DateTime<Utc>) -> Fate {
    const TOO_OLD: Fate = Fate::Useless("it is a day old: GitHub has cancelled its job");
    let request = match &message.message {
        Some(Message::Request(request)) => request,
        Some(Message::Reassigned(_) | Message::Cancelled(_)) => {
            return Fate::Useless("what it hints at is found by looking at all jobs and tasks");
        }
        None => {
            let end = message.since + MAX_WAIT;
            return if now >= end { TOO_OLD } else { Fate::Unreadable(end) };
        }
    };
    let end = request.requested_at + MAX_WAIT;
    let served = rules.policy.profiles.iter().any(|profile| profile.name == request.profile);
    match served {
        _ if now >= end => TOO_OLD,
        true => Fate::Back(message.since + REST),
        false => Fate::NoProfile(end),
    }
}

/// A message goes back when this version can read it and its profile is there.
fn replay(message: &PoisonMessage, rules: &Rules, now: DateTime<Utc>) -> Option<Repair> {
    let handle = message.handle.clone();
    match fate(message, rules, now) {
        Fate::Useless(_) => Some(Repair::Drop { handle }),
        Fate::Back(at) if now >= at => {
            Some(Repair::Replay { handle, request: message.request()?.clone() })
        }
        Fate::Back(_) | Fate::Unreadable(_) | Fate::NoProfile(_) => None,
    }
}

fn ended(seen: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> impl Iterator<Item = Repair> {
    seen.tasks.iter().filter_map(move |task| match task.stage {
        Stage::Ended { at, .. } if now - at >= rules.keep_ended => {
            Some(Repair::DeleteTask { batch_job: task.batch_job.clone(), task: task.id.clone() })
        }
        _ => None,
    })
}

fn claims(seen: &Snapshot) -> Vec<Repair> {
    let known: BTreeSet<String> = seen.tasks.iter().map(|task| task.id.to_string()).collect();
    let kept: BTreeSet<&String> = seen.claims.iter().flatten().collect();
    let gone = kept.into_iter().filter(|task| !known.contains(*task));
    gone.map(|task| Repair::DeleteClaims { task: task.clone() }).collect()
}
