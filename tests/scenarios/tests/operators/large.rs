//! Status of a large deployment: 500 live jobs, and a history of 10,000 ended ones.

use std::fs;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use github_emulator::NewJob;
use handler::history::Record;
use handler::status_report::MAX_JOBS;
use reqwest::Method;
use scenarios::TestEnvironment;

use crate::{UBUNTU, start};

/// The jobs of a run. A report reads the jobs of at most 300 runs.
const OF_RUN: usize = 25;
const ENDED: i64 = 10_000;
const DAYS: i64 = 10;
/// The limit of the JSON and of the page, in bytes.
const MAX_BYTES: usize = 1_000_000;
const REPORTS: u64 = 20;
/// A clock tick of `/proc`, in milliseconds.
const TICK: u64 = 10;

/// The processor time is printed and not asserted, since it depends on the machine and the profile of the build:
/// `cargo test --release -p scenarios --test operators large -- --nocapture`.
#[tokio::test]
async fn the_report_of_a_large_deployment_is_small() {
    let env = start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..MAX_JOBS / OF_RUN {
        queue_run(&env);
    }
    env.until_no_message().await;
    let now = env.status().await.at;
    for day in 0..DAYS {
        write_day(&env, now - TimeDelta::days(day)).await;
    }
    let report = env.status().await;
    let history = report.history.as_ref().expect("a history");
    // The costs are those of the month, which may have begun within these days.
    let of_month = ENDED / DAYS * DAYS.min(i64::from(now.day()));
    let costs = history.costs.iter().map(|cost| cost.jobs).sum::<u64>();
    assert_eq!(costs, of_month.unsigned_abs());
    assert_eq!((report.complete, report.jobs.len()), (true, MAX_JOBS));
    let json = serde_json::to_string(&report).expect("JSON").len();
    let page = env.function_request(Method::GET, "StatusPage").send().await.expect("a response");
    let page = page.text().await.expect("a text").len();
    assert!(json < MAX_BYTES && page < MAX_BYTES, "{json} bytes of JSON, {page} of the page");
    let before = processor_time(&env);
    for _ in 0..REPORTS {
        assert!(!env.status().await.cached);
    }
    let time = (processor_time(&env) - before) * TICK / REPORTS;
    println!("{json} bytes of JSON, {page} of the page, {time} ms of processor time a report");
    env.end().await;
}

/// Queues the jobs of a run.
fn queue_run(env: &TestEnvironment) {
    let first = env.queue_job(UBUNTU);
    let run = env.deployment.github.emulator.job(first).map(|job| job.run);
    for _ in 1..OF_RUN {
        env.queue(NewJob { run, ..NewJob::new("octo/app", UBUNTU) });
    }
}

/// Writes the history of a day.
async fn write_day(env: &TestEnvironment, day: DateTime<Utc>) {
    let name = format!("jobs/{}.jsonl", day.date_naive());
    let of_day = ENDED / DAYS;
    let lines: String = (0..of_day).map(|n| record(day, n).line()).collect();
    assert!(lines.len() < 400 * usize::try_from(of_day).expect("a small number"));
    if !env.history_blobs().contains(&name) {
        env.create_history_blob(&name, "AppendBlob").await;
    }
    env.append_to_history(&name, &lines).await;
}

/// Returns the record of the nth job of a day, which ended n seconds before that time.
fn record(day: DateTime<Utc>, n: i64) -> Record {
    let ended = day.timestamp() - n;
    Record {
        task: format!("gh-{}", ended),
        job: ended.unsigned_abs(),
        run: ended.unsigned_abs() / 4,
        repository: format!("octo/service-{}", n % 50).try_into().expect("a name"),
        workflow: Some(format!("Build and test {}", n % 7)),
        profile: if n % 3 == 0 { "windows" } else { "ubuntu" }.to_owned(),
        queued: Some(ended - 400),
        began: Some(ended - 320),
        started: Some(ended - 300),
        completed: Some(ended - 5),
        ended,
        node: Some(format!("tvmps_{:048x}_d", n % 20)),
        slots: 1,
        exit: Some(0),
        conclusion: Some("success".to_owned()),
    }
}

/// Returns the processor time of the process that handles HTTP requests, in ticks.
fn processor_time(env: &TestEnvironment) -> u64 {
    let process = env.deployment.functions.emulator.worker_pids()["http"];
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("a running process");
    // After the name in parentheses, user and system time are the 12th and 13th field (proc(5)).
    let fields = stat.rsplit(')').next().expect("fields").split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}
