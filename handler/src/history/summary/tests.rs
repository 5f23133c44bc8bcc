use std::fmt::Write;

use chrono::TimeDelta;
use insta::assert_snapshot;

use super::super::aggregate::Part;
use super::super::record::Record;
use super::super::record::tests::record;
use super::super::report::{Cost, Waits};
use super::super::sample::{PoolSample, SampleLine};
use super::*;
use crate::repository::Repository;

fn now() -> DateTime<Utc> {
    "2026-11-30T12:00:00Z".parse().expect("a time")
}

fn profiles() -> Vec<PoolOfProfile> {
    [("ubuntu", false), ("windows", true), ("spare", false)]
        .map(|(name, windows)| PoolOfProfile {
            profile: name.to_owned(),
            pool: format!("pool-{name}"),
            windows,
        })
        .into()
}

/// A record of a job that waited and ran for some minutes.
fn job(
    number: u64,
    repository: &str,
    profile: &str,
    ended: i64,
    (waited, ran): (i64, i64),
) -> Record {
    Record {
        job: number,
        repository: Repository::try_from(repository).expect("a name"),
        profile: profile.to_owned(),
        queued: Some(ended - (waited + ran) * 60),
        began: Some(ended - ran * 60 - 30),
        started: Some(ended - ran * 60),
        completed: Some(ended),
        ended: ended + 30,
        ..record(&format!("gh-{number}"), ended)
    }
}

/// The lines of a month: two repositories on the Ubuntu pool, one on Windows, a pool without jobs, a profile that is gone.
fn month() -> DaysRead {
    let mut jobs = String::new();
    for number in 0..200_u64 {
        let ended = now().timestamp() - i64::try_from(number).unwrap_or(0) * 7200;
        let minutes = (i64::try_from(number % 20).unwrap_or(0), 10);
        let of = match number % 10 {
            0 => ("octo/site", "windows"),
            1..4 => ("octo/lib", "ubuntu"),
            4 => ("octo/app", "removed"),
            _ => ("octo/app", "ubuntu"),
        };
        jobs += &job(number, of.0, of.1, ended, minutes).line();
    }
    let pool = |name: &str, size: &str, slots| PoolSample {
        pool: format!("pool-{name}"),
        vm_size: Some(size.to_owned()),
        slots,
    };
    let pools = vec![
        pool("spare", "STANDARD_D2DS_V5", 1),
        pool("ubuntu", "standard_d2ds_v5", 1),
        pool("windows", "Standard_D4ds_v5", 2),
    ];
    let mut samples = SampleLine::Pools { pools }.line();
    for step in (0..720 * 16).rev() {
        let at = now().timestamp() - step * 120;
        let nodes = vec![1, 4, u32::from(step % 2 == 0)];
        samples += &SampleLine::Sample(Sample { at, waiting: 3, running: 2, nodes }).line();
    }
    let mut days = DaysRead::default();
    days.add(&Part::of_jobs(jobs.as_bytes(), 0), 0);
    days.add(&Part::of_samples(samples.as_bytes()), 0);
    days
}

fn report() -> HistoryReport {
    let (profiles, prices) = (profiles(), Prices::shipped());
    summarize(&month(), Inputs { profiles: &profiles, prices: &prices, days: 400, now: now() })
}

fn cost_line(cost: &Cost) -> String {
    let number = |number: Option<f64>| number.map_or("-".to_owned(), |number| number.to_string());
    let repository = cost.repository.as_ref().map_or("-".to_owned(), ToString::to_string);
    format!(
        "{repository} {} {}: {} jobs, {} min, {} node min, idle {}, cost {}, hosted {}",
        cost.profile,
        cost.month,
        cost.jobs,
        cost.minutes,
        cost.node_minutes,
        number(cost.idle_share),
        number(cost.cost),
        number(cost.hosted_cost)
    )
}

#[test]
fn costs_of_a_month_by_repository_and_profile() {
    let lines: Vec<String> = report().costs.iter().map(cost_line).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    - spare 2026-11: 0 jobs, 0 min, 23040 node min, idle 1, cost 43.392, hosted 0
    octo/app removed 2026-11: 20 jobs, 200 min, 220 node min, idle -, cost -, hosted -
    octo/app ubuntu 2026-11: 100 jobs, 1000 min, 57600 node min, idle 0.981, cost 108.48, hosted 6
    octo/lib ubuntu 2026-11: 60 jobs, 600 min, 34560 node min, idle 0.981, cost 65.088, hosted 3.6
    octo/site windows 2026-11: 20 jobs, 200 min, 11520 node min, idle 0.99, cost 78.72, hosted 2
    "#);
}

#[test]
fn waits_of_each_profile_over_a_day_and_a_week() {
    let mut lines = String::new();
    for Waits { profile, window, jobs, p50_seconds, p95_seconds, worst_seconds } in report().waits {
        let _ = writeln!(
            lines,
            "{profile} {window:?}: {jobs} jobs, {p50_seconds}, {p95_seconds}, {worst_seconds}"
        );
    }
    assert_snapshot!(lines, @r#"
    removed Day: 1 jobs, 240, 240, 240
    removed Week: 9 jobs, 240, 840, 840
    ubuntu Day: 10 jobs, 360, 720, 720
    ubuntu Week: 67 jobs, 540, 1140, 1140
    windows Day: 1 jobs, 600, 600, 600
    windows Week: 8 jobs, 0, 600, 600
    "#);
}

#[test]
fn samples_are_fine_for_a_day_and_coarse_for_a_week() {
    let samples = report().samples;
    let fine = samples.iter().filter(|sample| now() - sample.at < TimeDelta::days(1)).count();
    assert_eq!((fine, samples.len() - fine), (288, 193));
    assert!(samples.windows(2).all(|pair| pair[0].at < pair[1].at));
    assert_eq!((samples[0].waiting, samples[0].running, samples[0].nodes / 5), (3, 2, 1));
}

#[test]
fn the_last_50_jobs_are_listed_with_their_costs() {
    let ended = report().ended;
    assert_eq!(ended.len(), 50);
    assert!(ended.windows(2).all(|pair| pair[0].ended >= pair[1].ended));
    let first = serde_json::to_string_pretty(&ended[..2]).expect("plain fields always serialize");
    assert_snapshot!(first, @r#"
    [
      {
        "task": "gh-0",
        "job": 0,
        "run": 45,
        "repository": "octo/site",
        "workflow": "CI",
        "profile": "windows",
        "queued": "2026-11-30T11:50:00Z",
        "started": "2026-11-30T11:50:00Z",
        "ended": "2026-11-30T12:00:00Z",
        "wait_seconds": 0,
        "run_seconds": 600,
        "node": "tvmps_1",
        "slots": 1,
        "exit": 0,
        "conclusion": "success",
        "cost": 0.0376
      },
      {
        "task": "gh-1",
        "job": 1,
        "run": 45,
        "repository": "octo/lib",
        "workflow": "CI",
        "profile": "ubuntu",
        "queued": "2026-11-30T09:49:00Z",
        "started": "2026-11-30T09:50:00Z",
        "ended": "2026-11-30T10:00:00Z",
        "wait_seconds": 60,
        "run_seconds": 600,
        "node": "tvmps_1",
        "slots": 1,
        "exit": 0,
        "conclusion": "success",
        "cost": 0.0207
      }
    ]
    "#);
}

#[test]
fn a_price_that_is_not_known_leaves_the_cost_open() {
    let mut days = month();
    for time in days.pools.values_mut() {
        time.pool.vm_size = None;
    }
    let (profiles, prices) = (profiles(), Prices::shipped());
    let costs = costs(&days, (2026, 11), &profiles, &prices);
    assert!(costs.iter().all(|cost| cost.cost.is_none()), "{costs:?}");
    assert!(costs.iter().any(|cost| cost.idle_share.is_some() && cost.hosted_cost.is_none()));
    assert!(super::costs(&days, (2026, 10), &profiles, &prices).is_empty());
}

/// The limit is 300 ms for 10,000 ended jobs; the figure is printed, since a busy machine says little.
#[test]
fn ten_thousand_ended_jobs_are_aggregated_quickly() {
    let lines: String = (0..10_000)
        .map(|n| {
            job(
                n,
                "octo/app",
                "ubuntu",
                now().timestamp() - i64::try_from(n).unwrap_or(0) * 60,
                (2, 10),
            )
            .line()
        })
        .collect();
    let began = std::time::Instant::now();
    let mut days = DaysRead::default();
    days.add(&Part::of_jobs(lines.as_bytes(), 0), 0);
    let (profiles, prices) = (profiles(), Prices::shipped());
    let report =
        summarize(&days, Inputs { profiles: &profiles, prices: &prices, days: 400, now: now() });
    println!("{} bytes a job, {} ms", lines.len() / 10_000, began.elapsed().as_millis());
    assert_eq!(report.costs.iter().map(|cost| cost.jobs).sum::<u64>(), 10_000);
}
