//! Finds runners that GitHub will soon reject: a version is supported for 30 days after the release of its successor.
//!
//! <https://docs.github.com/en/actions/reference/runners/self-hosted-runners#runner-software-updates-on-self-hosted-runners>

use crate::ordered::InsertEach;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::snapshot::{RunnerRelease, Snapshot};

/// The age of the successor at which the alert is raised: ten days before GitHub rejects the version.
const OUTDATED_AFTER: TimeDelta = TimeDelta::days(20);

/// Returns the alert for each version that is in use and has been outdated for long.
pub(super) fn outdated(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let runners = snapshot.runners.named.iter();
    let versions: BTreeSet<&str> =
        runners.filter_map(|runner| runner.version.as_deref()).insert_each();
    let alert = |version: &str| {
        let successor = successor(version, &snapshot.releases)?;
        let text = format!(
            "runner version {version} has been outdated since {}: GitHub rejects it after 30 days, import newer images",
            successor.at.format("%Y-%m-%d")
        );
        (now - successor.at >= OUTDATED_AFTER).then_some(("runner-version", text))
    };
    versions.into_iter().filter_map(alert).collect()
}

/// Returns the first release after this version.
pub(crate) fn successor<'a>(
    version: &str,
    releases: &'a [RunnerRelease],
) -> Option<&'a RunnerRelease> {
    let own = numbers(version)?;
    let later = releases.iter().filter(|release| numbers(&release.version) > Some(own.clone()));
    later.min_by_key(|release| release.at)
}

fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|number| number.parse().ok()).collect()
}
