//! Finds runners that GitHub will soon refuse: a version is good for 30 days after its successor has come out.
//!
//! <https://docs.github.com/en/actions/reference/runners/self-hosted-runners#runner-software-updates-on-self-hosted-runners>

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::snapshot::{RunnerRelease, Snapshot};

/// How old a successor is when somebody is told: ten days before GitHub refuses.
const OLD: TimeDelta = TimeDelta::days(20);

/// Tells of each version that is in use and has been out of date for long.
pub(super) fn outdated(seen: &Snapshot, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let runners = seen.runners.iter().flatten();
    let versions: BTreeSet<&str> = runners.filter_map(|runner| runner.version.as_deref()).collect();
    let old = |version: &str| {
        let successor = successor(version, &seen.releases)?;
        let text = format!(
            "runner version {version} has been out of date since {}: GitHub refuses it after 30 days, import newer images",
            successor.at.format("%Y-%m-%d")
        );
        (now - successor.at >= OLD).then_some(("runner-version", text))
    };
    versions.into_iter().filter_map(old).collect()
}

/// The first release after this version.
fn successor<'a>(version: &str, releases: &'a [RunnerRelease]) -> Option<&'a RunnerRelease> {
    let own = numbers(version)?;
    let later = releases.iter().filter(|release| numbers(&release.version) > Some(own.clone()));
    later.min_by_key(|release| release.at)
}

fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|number| number.parse().ok()).collect()
}
