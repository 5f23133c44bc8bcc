//! `mayfly autoscale plan --github`: five weeks of an emulated GitHub, read by several commands.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc, Weekday};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Service, serve};
use github_emulator::{GitHub, NewJob, Options};
use serde_json::Value;

const TOKEN: &str = "ghp_planner";
const WEEKS: i64 = 5;
/// Runs of two jobs, at each of eight hours of a working day.
const RUNS: u32 = 5 * 5 * 8;
/// Runs that never end. With the others they are more than GitHub lists.
const STUCK: u32 = 900;

/// Returns the Monday five whole weeks before the present one.
fn first_monday() -> DateTime<Utc> {
    let today = Clock::of_this_machine().now().date_naive();
    let monday = today - TimeDelta::days(today.weekday().num_days_from_monday().into());
    monday.and_time(NaiveTime::MIN).and_utc() - TimeDelta::weeks(WEEKS)
}

fn run_of_two(github: &GitHub) {
    let job = NewJob {
        hosted_after: Some(Duration::from_secs(5)),
        runs_for: Duration::from_mins(20),
        ..NewJob::new("octo/app", &["ubuntu-latest"])
    };
    let first = github.queue_job(job.clone());
    let run = github.job(first).map(|job| job.run);
    github.queue_job(NewJob { run, ..job });
}

/// Emulates five weeks.
fn weeks_of_jobs() -> Arc<GitHub> {
    let clock = Clock::starting_at(first_monday());
    let github = GitHub::new(Options::new(TOKEN, 1), EventContext::new(clock.clone()));
    for hour in 0..WEEKS * 7 * 24 {
        let now = clock.now();
        let is_weekend = matches!(now.weekday(), Weekday::Sat | Weekday::Sun);
        if (8..16).contains(&(hour % 24)) && !is_weekend {
            run_of_two(&github);
        }
        if hour == 200 {
            let stuck =
                NewJob { stuck_for: Some(Duration::ZERO), ..NewJob::new("octo/app", &["x"]) };
            for _ in 0..STUCK {
                github.queue_job(stuck.clone());
            }
        }
        clock.advance(Duration::from_hours(1));
    }
    github
}

fn plan(api: &str, folder: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command.args(["autoscale", "plan", "--github", "octo/app", "--token-file", "token", "--json"]);
    command.args(["--github-api", api]).args(options).current_dir(folder);
    command.output().expect("the program of this package")
}

fn lines(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("github-octo-app.jsonl")).expect("a file").lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_reads_the_jobs_of_github_once_and_continues_where_it_stopped() {
    let github = weeks_of_jobs();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let served = serve(Service::new(Arc::clone(&github)), listen).await.expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), TOKEN).expect("a file");
    let before = github.requests_used();

    let stopped = plan(&served.url, folder.path(), &["--requests", "60"]);
    assert_eq!(stopped.status.code(), Some(1));
    let text = String::from_utf8_lossy(&stopped.stderr);
    assert!(text.contains("kept in github-octo-app.jsonl"), "{text}");
    assert!(text.contains("--requests allows no more"), "{text}");
    assert_eq!(github.requests_used() - before, 60);
    assert!(lines(folder.path()) > 50);

    let planned = plan(&served.url, folder.path(), &[]);
    assert!(planned.status.success(), "{}", String::from_utf8_lossy(&planned.stderr));
    let report: Value = serde_json::from_slice(&planned.stdout).expect("a report");
    assert_eq!(report["jobs"], 2 * RUNS);
    assert_eq!(report["weeks"], WEEKS);
    assert_eq!(report["trace"], "octo/app");
    // No run is requested twice. Windows are listed page by page, and some are found to be too large.
    let used = github.requests_used() - before;
    assert!((RUNS..RUNS + 40).contains(&used), "{used}");

    let again = plan(&served.url, folder.path(), &[]);
    assert_eq!(String::from_utf8_lossy(&again.stdout), String::from_utf8_lossy(&planned.stdout));
    assert_eq!(github.requests_used() - before, used, "all is in the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_github_refuses() {
    let clock = Clock::of_this_machine();
    let github = GitHub::new(Options::new(TOKEN, 1), EventContext::new(clock));
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let served = serve(Service::new(github), listen).await.expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let fault = |token: &str, options: &[&str]| {
        std::fs::write(folder.path().join("token"), token).expect("a file");
        let failed = plan(&served.url, folder.path(), options);
        assert_eq!(failed.status.code(), Some(1));
        String::from_utf8_lossy(&failed.stderr).into_owned()
    };
    let unknown = fault(TOKEN, &[]);
    assert!(unknown.contains("list the runs of octo/app"), "{unknown}");
    assert!(unknown.contains("check the name"), "{unknown}");
    let wrong = fault("ghp_other", &[]);
    assert!(wrong.contains("--token-file") && !wrong.contains("ghp_other"), "{wrong}");
    std::fs::write(folder.path().join("notes"), "buy milk\n").expect("a file");
    let other = fault(TOKEN, &["--store", "notes"]);
    assert!(other.contains("read line 1 of notes"), "{other}");
}
