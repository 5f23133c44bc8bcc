//! Percentiles of the waits of each profile.

use std::collections::BTreeMap;

use super::aggregate::Wait;
use super::report::{WaitWindow, Waits};

const DAY_SECONDS: i64 = 86_400;
/// The age of the oldest wait that is reported, in seconds.
pub(super) const MAX_WAIT_AGE: i64 = 7 * DAY_SECONDS;

/// Returns the waits of each profile that had any, by profile and window.
pub(super) fn waits(all: &[Wait], now: i64) -> Vec<Waits> {
    let mut reported = Vec::new();
    for (window, age) in [(WaitWindow::Day, DAY_SECONDS), (WaitWindow::Week, MAX_WAIT_AGE)] {
        let mut by_profile: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for wait in all.iter().filter(|wait| wait.ended > now - age && wait.ended <= now) {
            by_profile.entry(&wait.profile).or_default().push(wait.seconds);
        }
        reported.extend(by_profile.into_iter().filter_map(|(profile, mut seconds)| {
            seconds.sort_unstable();
            Some(Waits {
                profile: profile.to_owned(),
                window,
                jobs: seconds.len() as u64,
                p50_seconds: percentile(&seconds, 50)?,
                p95_seconds: percentile(&seconds, 95)?,
                worst_seconds: *seconds.last()?,
            })
        }));
    }
    reported.sort_by(|a, b| (&a.profile, a.window).cmp(&(&b.profile, b.window)));
    reported
}

/// Returns the nearest-rank percentile of sorted values: the least value that is not below this share of them.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let hundred: Vec<u64> = (1..=100).collect();
        for (values, p50, p95) in [
            (&[7][..], 7, 7),
            (&[1, 2], 1, 2),
            (&[1, 2, 3], 2, 3),
            (&hundred[..20], 10, 19),
            (&hundred[..], 50, 95),
        ] {
            assert_eq!((percentile(values, 50), percentile(values, 95)), (Some(p50), Some(p95)));
        }
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn windows_end_now_and_overlap() {
        let now = 10 * DAY_SECONDS;
        let wait = |profile: &str, ago, seconds| Wait {
            profile: profile.into(),
            ended: now - ago,
            seconds,
        };
        let all = [
            wait("a", 0, 5),
            wait("a", DAY_SECONDS - 1, 6),
            wait("a", DAY_SECONDS, 70),
            wait("b", MAX_WAIT_AGE - 1, 8),
            wait("b", MAX_WAIT_AGE, 900),
            wait("b", -60, 900),
        ];
        let lines = waits(&all, now).into_iter().map(|one| {
            format!(
                "{} {:?} {} {} {} {}",
                one.profile,
                one.window,
                one.jobs,
                one.p50_seconds,
                one.p95_seconds,
                one.worst_seconds
            )
        });
        assert_eq!(
            lines.collect::<Vec<_>>(),
            ["a Day 2 5 6 6", "a Week 3 6 70 70", "b Week 1 8 8 8"]
        );
    }
}
