//! The history in Status: ended jobs, waits and costs, and what happens if it cannot be read.

use emulator_core::faults::Effect;
use handler::history::{Cost, HistoryReport};
use insta::assert_snapshot;
use reqwest::Method;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::{PROGRAM, UBUNTU, start};

/// Returns the history of a status report, after one more run of reconciliation.
async fn history(env: &mut TestEnvironment) -> Option<HistoryReport> {
    env.run_reconciliation().await;
    // A report is kept for ten seconds.
    env.advance_minutes(1);
    env.status().await.history
}

#[tokio::test]
async fn status_reports_a_served_job_once() {
    let mut env = start(&[]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let report = history(&mut env).await.expect("a history");
    let ended = &report.ended[0];
    let shown = (&ended.task, &ended.workflow, &ended.profile, ended.exit, &ended.conclusion);
    assert_snapshot!(format!("{shown:?}").replace(&ended.job.to_string(), "1"), @r#"("gh-1", Some("CI"), "ubuntu", Some(0), Some("success"))"#);
    assert!(ended.queued <= ended.started && ended.started <= Some(ended.ended), "{ended:?}");
    assert_eq!(report.waits.len(), 2, "{:?}", report.waits);
    let jobs = |report: &HistoryReport| {
        let line = |cost: &Cost| (cost.repository.as_ref().map(ToString::to_string), cost.jobs);
        report.costs.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(jobs(&report), [(None, 0), (Some("octo/app".to_owned()), 1)], "{:?}", report.costs);
    assert_eq!((report.days, report.currency.as_str()), (400, "USD"));
    // A crash between the append and the state has written the record once more, and half of another line.
    let name = env.history_blobs().into_iter().find(|name| name.starts_with("jobs/"));
    let line = env.raw_history(name.as_deref().expect("a blob")).await;
    env.append_to_history(name.as_deref().expect("a blob"), &format!("{line}{}", &line[..50]))
        .await;
    let again = history(&mut env).await.expect("a history");
    assert_eq!((&again.ended, jobs(&again)), (&report.ended, jobs(&report)));
    env.until_logged("1 lines of the history cannot be read and are left out").await;
    env.end().await;
}

#[tokio::test]
async fn a_history_that_cannot_be_read_is_reported() {
    let mut env = start(&[]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.run_reconciliation().await;
    env.deployment.blobs.faults.inject(
        "ListBlobs",
        1000,
        Effect::Fail { status: 403, retry_after: None },
    );
    let report = env.status().await;
    assert_eq!(report.history, None);
    assert!(report.unread.contains(&"history".to_owned()), "{:?}", report.unread);
    env.deployment.blobs.faults.release();
    assert!(history(&mut env).await.is_some_and(|history| history.ended.len() == 1));
    env.end().await;
}

#[tokio::test]
async fn status_says_that_the_history_is_turned_off() {
    let mut env = start(&[("HistoryDays", "0")]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let report = history(&mut env).await.expect("a history");
    assert_eq!((report.days, report.ended.len(), report.samples.len()), (0, 0, 0));
    assert!(env.status().await.complete);
    env.end().await;
}

#[tokio::test]
async fn the_history_is_exported_and_priced_by_the_command() {
    let mut env = start(&[]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.run_reconciliation().await;
    let name =
        env.history_blobs().into_iter().find(|name| name.starts_with("jobs/")).expect("a blob");
    let line = env.raw_history(&name).await;
    let hostile = line
        .replace(r#""w":"CI""#, r#""w":"=cmd|' /C calc'!A0,\"x\"""#)
        .replace(r#""t":"gh"#, r#""t":"gh-9"#);
    env.append_to_history(&name, &format!("{line}{hostile}half of a li")).await;
    let exported = env.command(PROGRAM, &["history", "export", "--days", "2"]).await;
    let lines: Vec<&str> = exported.lines().filter(|line| line.contains("wait_seconds")).collect();
    assert_eq!(lines.len(), 2, "{exported}");
    assert!(exported.contains("1 lines of the history cannot be read"), "{exported}");
    let csv = env.command(PROGRAM, &["history", "export", "--csv"]).await;
    let cell = r#","'=cmd|' /C calc'!A0,""x""","#;
    assert!(csv.starts_with("0: task,job,run,") && csv.contains(cell), "{csv}");
    let cost = env.command(PROGRAM, &["history", "cost", "--price", "standard_d2_v5=60"]).await;
    let rows: Vec<&str> =
        cost.lines().map(str::trim_end).filter(|row| row.contains("octo/app")).collect();
    assert!(rows.len() == 1 && rows[0].contains("  2  "), "{cost}");
    let json = env.command(PROGRAM, &["history", "cost", "--month", "2020-01", "--json"]).await;
    assert_snapshot!(json, @r#"0: {"costs":[],"currency":"USD","prices":{"date":"2026-11-30","region":"eastus"}}"#);
    for (request, status) in [
        (json!({ "operation": "history", "day": "2026-11-31", "folder": "jobs" }), 400),
        (json!({ "operation": "history", "day": "2026-11-30", "folder": "../claims" }), 400),
        (
            json!({ "operation": "history", "day": "2026-11-30", "folder": "samples", "from": u64::MAX }),
            200,
        ),
    ] {
        let (answered, body) = env.call_function(Method::POST, "Operate", Some(request)).await;
        assert_eq!(answered, status, "{body}");
    }
    env.end().await;
}
