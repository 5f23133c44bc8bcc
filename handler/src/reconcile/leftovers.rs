//! Decides what is put back on the road, and what is swept off it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::seen::{PoisonMessage, Seen, Stage};
use super::{Repair, Rules};

/// A message older than this is of no use: GitHub has cancelled its job.
const OLDEST: TimeDelta = TimeDelta::hours(24);
/// How long a message lies among the poison before it is tried again.
const REST: TimeDelta = TimeDelta::minutes(10);

/// Decides about messages, ended tasks, claims and pools.
pub(super) fn plan(seen: &Seen, rules: &Rules, now: DateTime<Utc>) -> Vec<Repair> {
    let poison = seen.poison.iter().filter_map(|message| replay(message, rules, now));
    poison.chain(ended(seen, rules, now)).chain(claims(seen)).chain(pools(seen)).collect()
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
    /// It is too old to be of use.
    TooOld,
}

/// Tells what becomes of a poison message.
pub fn fate(message: &PoisonMessage, rules: &Rules, now: DateTime<Utc>) -> Fate {
    let Some(request) = &message.request else {
        let end = message.since + OLDEST;
        return if now >= end { Fate::TooOld } else { Fate::Unreadable(end) };
    };
    let end = request.requested_at + OLDEST;
    let served = rules.policy.profiles.iter().any(|profile| profile.name == request.profile);
    match served {
        _ if now >= end => Fate::TooOld,
        true => Fate::Back(message.since + REST),
        false => Fate::NoProfile(end),
    }
}

/// A message goes back when this version can read it and its profile is there.
fn replay(message: &PoisonMessage, rules: &Rules, now: DateTime<Utc>) -> Option<Repair> {
    let handle = message.handle.clone();
    match fate(message, rules, now) {
        Fate::TooOld => Some(Repair::Drop { handle }),
        Fate::Back(at) if now >= at => {
            Some(Repair::Replay { handle, request: message.request.clone()? })
        }
        Fate::Back(_) | Fate::Unreadable(_) | Fate::NoProfile(_) => None,
    }
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

fn pools(seen: &Seen) -> impl Iterator<Item = Repair> {
    seen.pools.iter().filter_map(|(pool, state)| {
        let error = state.autoscale_error.clone()?;
        Some(Repair::ReportPool { pool: pool.clone(), error })
    })
}
