//! Aggregates the lines of blobs: usage, waits and samples. The result of a blob is small, and can be kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Datelike;

use super::ended::MAX_ENDED;
use super::record::{Record, time};
use super::sample::{PoolSample, Sample, SampleLine};
use crate::repository::Repository;

/// At the seam of two blobs, a run that was interrupted may have written this many records twice.
const MAX_SEAM: usize = 256;
/// A sample counts until the next one, but no longer: then no run has looked.
const MAX_SAMPLE_SECONDS: u64 = 300;
/// What the last sample of a blob counts.
const LAST_SAMPLE_SECONDS: u64 = 120;

/// A month: year and number.
pub(super) type Month = (i32, u32);

/// The jobs of a repository on runners of a profile and a size, in a month.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct UsageKey {
    pub(super) month: Month,
    pub(super) profile: String,
    pub(super) repository: Repository,
    /// The task slots of the runner.
    pub(super) slots: u32,
}

/// What jobs used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) jobs: u64,
    pub(super) run_seconds: u64,
    /// The seconds in which the tasks occupied a slot, times their slots.
    pub(super) slot_seconds: u64,
    /// The minutes, each job rounded up, as GitHub bills them.
    pub(super) hosted_minutes: u64,
}

/// How long a job waited.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wait {
    pub(super) profile: Arc<str>,
    pub(super) ended: i64,
    pub(super) seconds: u64,
}

/// The existence of the nodes of a pool in a month.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PoolTime {
    pub(super) node_seconds: u64,
    /// The pool as it was last seen.
    pub(super) pool: PoolSample,
}

/// Totals of records.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) usage: BTreeMap<UsageKey, Usage>,
    pub(super) waits: Vec<Wait>,
    /// The records that ended last, the newest first.
    pub(super) newest: Vec<Record>,
}

type RunKey = (String, Option<i64>);

/// The content of one blob, aggregated.
#[derive(Clone, Debug)]
pub enum Part {
    /// Of a blob of records.
    Jobs(Box<JobsPart>),
    /// Of a blob of samples.
    Samples(SamplesPart),
}

/// The records of one blob.
#[derive(Clone, Debug)]
pub struct JobsPart {
    /// The first records, which the blob before may have, too.
    head: Vec<Record>,
    rest: Totals,
    /// The last records.
    tail: BTreeSet<RunKey>,
    /// The number of lines that cannot be read.
    unreadable: usize,
}

/// The samples of one blob.
#[derive(Clone, Debug, Default)]
pub struct SamplesPart {
    samples: Vec<Sample>,
    pools: BTreeMap<(Month, String), PoolTime>,
    unreadable: usize,
}

/// The content of several blobs.
#[derive(Clone, Debug, Default)]
pub struct DaysRead {
    pub(super) totals: Totals,
    pub(super) samples: Vec<Sample>,
    pub(super) pools: BTreeMap<(Month, String), PoolTime>,
    /// The number of lines that cannot be read.
    pub unreadable: usize,
    tail: BTreeSet<RunKey>,
}

impl Totals {
    /// Adds a record. Its wait is kept if it ended after `since`.
    fn add(&mut self, record: &Record, since: i64) {
        let at = time(record.completed.unwrap_or(record.ended));
        let key = UsageKey {
            month: (at.year(), at.month()),
            profile: record.profile.clone(),
            repository: record.repository.clone(),
            slots: record.slots,
        };
        let usage = self.usage.entry(key).or_default();
        usage.slot_seconds += record.occupied_seconds() * u64::from(record.slots);
        if let Some(seconds) = record.run_seconds() {
            usage.jobs += 1;
            usage.run_seconds += seconds;
            usage.hosted_minutes += seconds.div_ceil(60).max(1);
        }
        if let Some(seconds) = record.wait_seconds().filter(|_| record.ended >= since) {
            let wait =
                Wait { profile: record.profile.as_str().into(), ended: record.ended, seconds };
            self.waits.push(wait);
        }
        self.note_newest(record);
    }

    fn note_newest(&mut self, record: &Record) {
        let at = self.newest.partition_point(|other| other.ended >= record.ended);
        if at < MAX_ENDED {
            self.newest.insert(at, record.clone());
            self.newest.truncate(MAX_ENDED);
        }
    }

    fn merge(&mut self, other: &Self) {
        for (key, more) in &other.usage {
            let usage = self.usage.entry(key.clone()).or_default();
            usage.jobs += more.jobs;
            usage.run_seconds += more.run_seconds;
            usage.slot_seconds += more.slot_seconds;
            usage.hosted_minutes += more.hosted_minutes;
        }
        self.waits.extend(other.waits.iter().cloned());
        other.newest.iter().for_each(|record| self.note_newest(record));
    }
}

fn key(record: &Record) -> RunKey {
    (record.task.clone(), record.began)
}

impl Part {
    /// Aggregates a blob of records. Waits of jobs that ended before `since` are dropped.
    pub fn of_jobs(bytes: &[u8], since: i64) -> Self {
        let (records, unreadable) = Record::parse_lines(bytes);
        let mut seen = BTreeSet::new();
        let once: Vec<Record> =
            records.into_iter().filter(|record| seen.insert(key(record))).collect();
        let tail = once.iter().rev().take(MAX_SEAM).map(key).collect();
        let (head, more) = once.split_at(once.len().min(MAX_SEAM));
        let mut rest = Totals::default();
        more.iter().for_each(|record| rest.add(record, since));
        Self::Jobs(Box::new(JobsPart { head: head.to_vec(), rest, tail, unreadable }))
    }

    /// Aggregates a blob of samples.
    pub fn of_samples(bytes: &[u8]) -> Self {
        let (lines, unreadable) = SampleLine::parse_lines(bytes);
        let mut part = SamplesPart { unreadable, ..SamplesPart::default() };
        let mut pools = Vec::new();
        let mut counted: Vec<(Sample, Vec<PoolSample>)> = Vec::new();
        for line in lines {
            match line {
                SampleLine::Pools { pools: named } => pools = named,
                SampleLine::Sample(sample) => counted.push((sample, pools.clone())),
            }
        }
        counted.sort_by_key(|(sample, _)| sample.at);
        counted.dedup_by_key(|(sample, _)| sample.at);
        for (index, (sample, pools)) in counted.iter().enumerate() {
            let next = counted.get(index + 1).map(|(next, _)| next.at);
            let seconds = next.map_or(LAST_SAMPLE_SECONDS, |next| {
                u64::try_from(next - sample.at).unwrap_or(0).min(MAX_SAMPLE_SECONDS)
            });
            part.count(sample, pools, seconds);
        }
        part.samples = counted.into_iter().map(|(sample, _)| sample).collect();
        Self::Samples(part)
    }
}

impl SamplesPart {
    fn count(&mut self, sample: &Sample, pools: &[PoolSample], seconds: u64) {
        let at = time(sample.at);
        for (pool, nodes) in pools.iter().zip(&sample.nodes) {
            let key = ((at.year(), at.month()), pool.pool.clone());
            let of_pool = self.pools.entry(key).or_default();
            of_pool.node_seconds += u64::from(*nodes) * seconds;
            of_pool.pool = pool.clone();
        }
    }
}

impl DaysRead {
    /// Adds a blob. Those of one folder are added in the order in which they were written.
    pub fn add(&mut self, part: &Part, since: i64) {
        match part {
            Part::Jobs(part) => {
                let new = part.head.iter().filter(|record| !self.tail.contains(&key(record)));
                new.for_each(|record| self.totals.add(record, since));
                self.totals.merge(&part.rest);
                self.tail.clone_from(&part.tail);
                self.unreadable += part.unreadable;
            }
            Part::Samples(part) => {
                self.samples.extend(part.samples.iter().cloned());
                for (key, more) in &part.pools {
                    let of_pool = self.pools.entry(key.clone()).or_default();
                    of_pool.node_seconds += more.node_seconds;
                    of_pool.pool.clone_from(&more.pool);
                }
                self.unreadable += part.unreadable;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    const NOON: i64 = 1_795_953_600;

    fn totals(parts: &[&str]) -> Totals {
        let mut days = DaysRead::default();
        parts.iter().for_each(|text| days.add(&Part::of_jobs(text.as_bytes(), 0), 0));
        days.totals
    }

    #[test]
    fn a_record_that_was_written_twice_counts_once() {
        let lines: Vec<String> =
            (0..600).map(|n| record(&format!("gh-{n}"), NOON + n).line()).collect();
        let (day, next) = (lines[..580].concat(), lines[560..].concat());
        let twice = [lines[0].as_str(), &lines[0], &day].concat();
        let all = totals(&[&twice, &next]);
        assert_eq!(all.usage.values().map(|usage| usage.jobs).sum::<u64>(), 600);
        assert_eq!(all.waits.len(), 600);
        assert_eq!(all.newest.len(), MAX_ENDED);
        assert_eq!(all.newest[0].task, "gh-599");
        // A task that Batch ran again after its node was lost has two runs.
        let again = Record { began: Some(NOON), ..record("gh-1", NOON + 5) };
        assert_eq!(totals(&[&[lines[1].as_str(), &again.line()].concat()]).newest.len(), 2);
    }

    #[test]
    fn a_runner_without_a_job_uses_its_node_and_is_no_job() {
        let unused = Record { conclusion: Some("unused".to_owned()), ..record("gh-1", NOON) };
        let all = totals(&[&unused.line()]);
        let usage = Usage { slot_seconds: 620, ..Usage::default() };
        assert_eq!(all.usage.values().collect::<Vec<_>>(), [&usage]);
        assert!(all.waits.is_empty());
    }

    #[test]
    fn samples_count_until_the_next_one_and_no_longer_than_5_minutes() {
        let text = concat!(
            r#"{"pools":[{"p":"ubuntu","v":"Standard_D2ds_v5","l":2},{"p":"windows","l":1}]}"#,
            "\n",
            r#"{"a":1795953600,"w":1,"r":2,"n":[3,0]}"#,
            "\n",
            r#"{"a":1795953720,"w":0,"r":2,"n":[3,1]}"#,
            "\n",
            r#"{"a":1795953720,"w":0,"r":2,"n":[3,1]}"#,
            "\n",
            "{\"a\":17959\n",
            r#"{"a":1795960920,"w":0,"r":0,"n":[1,1]}"#,
            "\n",
        );
        let Part::Samples(part) = Part::of_samples(text.as_bytes()) else { panic!("samples") };
        let seconds: Vec<_> =
            part.pools.iter().map(|((_, pool), time)| (pool.as_str(), time.node_seconds)).collect();
        let (ubuntu, windows) = (3 * 120 + 3 * 300 + 120, 300 + 120);
        assert_eq!(seconds, [("ubuntu", ubuntu), ("windows", windows)]);
        assert_eq!((part.samples.len(), part.unreadable), (3, 1));
    }
}
