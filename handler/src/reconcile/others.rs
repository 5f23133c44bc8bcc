//! Decides which jobs are left to the runners of others: another team's machines, or another deployment.
//!
//! GitHub assigns a job to any runner that has all of its labels. A job that no profile serves may be meant for a runner
//! that is busy, or offline for an hour; and the ephemeral runners of others are registered only while a job waits.

use crate::ordered::InsertEach;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::Rules;
use super::ownership::{Evidence, Ownership};
use super::snapshot::{Level, ListedJob, OtherRunner, RegisteredRunner, Snapshot};
use super::state::SeenRunner;

/// How long the labels of an ephemeral runner are remembered. A job that only a weekly run needs is not cancelled.
pub const MAX_SEEN_AGE: TimeDelta = TimeDelta::days(8);
/// How often the time is updated at which a runner was seen, so that the state does not change with each run.
const SEEN_INTERVAL: TimeDelta = TimeDelta::hours(6);
/// The number of remembered runners with different labels.
const MAX_SEEN: usize = 300;

/// Whether a runner of others can serve a job.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Elsewhere {
    /// This one has all of its labels.
    Served(OtherRunner),
    /// None has.
    NoRunner,
    /// A list of runners was not read.
    Unread,
}

/// Lists the runners of others, including those that have a name of this deployment's form.
pub(super) fn others(
    snapshot: &Snapshot,
    evidence: &Evidence<'_>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<OtherRunner> {
    let named = snapshot.runners.named.iter();
    let named = named.filter(|runner| evidence.owner(runner) == Ownership::Anothers);
    let other = |runner: &RegisteredRunner| OtherRunner {
        level: Level::of(&rules.scope, &runner.repository),
        labels: runner.labels.iter().map(|label| label.to_ascii_lowercase()).insert_each(),
        ephemeral: runner.ephemeral,
        seen_at: now,
    };
    named.map(other).chain(snapshot.runners.others.iter().cloned()).collect()
}

/// Finds a runner of others that can serve a job.
pub(super) fn elsewhere(
    others: &[OtherRunner],
    read: &BTreeSet<Level>,
    rules: &Rules,
    listed: &ListedJob,
) -> Elsewhere {
    let levels = Level::serving(&rules.scope, &listed.repository);
    let labels: Vec<String> =
        listed.job.labels.iter().map(|label| label.to_ascii_lowercase()).insert_each();
    let fits = |other: &&OtherRunner| {
        levels.contains(&other.level) && labels.iter().all(|label| other.labels.contains(label))
    };
    if labels.is_empty() {
        // Such a job names a runner group alone, and whose runners are in it is not known.
        return Elsewhere::Unread;
    }
    // A runner that stays registered says more than one that was seen days ago.
    let fitting = others.iter().filter(fits);
    match fitting.min_by_key(|other| (other.ephemeral, std::cmp::Reverse(other.seen_at))) {
        Some(other) => Elsewhere::Served(other.clone()),
        None if levels.is_subset(read) => Elsewhere::NoRunner,
        None => Elsewhere::Unread,
    }
}

/// Returns the ephemeral runners of others that were registered in the last days.
pub(super) fn remember(
    others: &[OtherRunner],
    previous: &[SeenRunner],
    now: DateTime<Utc>,
) -> Vec<SeenRunner> {
    let mut seen: BTreeMap<(&Level, &BTreeSet<String>), DateTime<Utc>> = BTreeMap::new();
    for one in previous {
        seen.insert((&one.level, &one.labels), one.at);
    }
    for other in others.iter().filter(|other| other.ephemeral) {
        let at = seen.entry((&other.level, &other.labels)).or_insert(other.seen_at);
        if other.seen_at - *at >= SEEN_INTERVAL {
            *at = other.seen_at;
        }
    }
    let mut seen: Vec<_> = seen.into_iter().filter(|(_, at)| now - *at < MAX_SEEN_AGE).collect();
    if seen.len() > MAX_SEEN {
        seen.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        seen.truncate(MAX_SEEN);
        seen.sort();
    }
    let kept = |((level, labels), at): ((&Level, &BTreeSet<String>), _)| SeenRunner {
        level: level.clone(),
        labels: labels.clone(),
        at,
    };
    seen.into_iter().map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(labels: &[&str], ephemeral: bool, hours: i64) -> OtherRunner {
        OtherRunner {
            level: serde_json::from_str(r#""orgs/octo""#).expect("a level"),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            ephemeral,
            seen_at: DateTime::UNIX_EPOCH + TimeDelta::hours(hours),
        }
    }

    #[test]
    fn only_ephemeral_runners_are_remembered_for_eight_days() {
        let at = |hours| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let others = [other(&["gpu"], true, 0), other(&["arm"], false, 0)];
        let first = remember(&others, &[], at(0));
        assert_eq!(first.iter().map(|seen| seen.labels.len()).sum::<usize>(), 1);
        assert_eq!(remember(&[other(&["gpu"], true, 5)], &first, at(5)), first);
        assert_eq!(remember(&[other(&["gpu"], true, 6)], &first, at(6))[0].at, at(6));
        assert_eq!(remember(&[], &first, at(8 * 24 - 1)), first);
        assert_eq!(remember(&[], &first, at(8 * 24)), []);
    }

    #[test]
    fn the_latest_three_hundred_kinds_are_remembered() {
        let others: Vec<OtherRunner> =
            (0..301).map(|hour| other(&[&format!("label-{hour:03}")], true, hour / 4)).collect();
        let kept = remember(&others, &[], DateTime::UNIX_EPOCH + TimeDelta::hours(80));
        assert_eq!(kept.len(), 300);
        assert!(kept.iter().any(|seen| seen.labels.contains("label-300")));
    }
}
