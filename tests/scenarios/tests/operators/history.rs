//! The history in Status: ended jobs, waits and costs, and what happens if it cannot be read.

use emulator_core::faults::Effect;
use handler::history::{Cost, HistoryReport};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{UBUNTU, start};

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
