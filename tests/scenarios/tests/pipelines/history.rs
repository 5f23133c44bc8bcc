//! The history of jobs that agents have served.

use handler::history::EndedJob;

use super::World;

impl World {
    async fn ended(&self) -> Vec<EndedJob> {
        // Reports are collected at most once in ten seconds.
        self.env.advance_minutes(1);
        let report = self.env.status().await;
        report.history.expect("the history").ended
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_job_is_recorded_once() {
    let mut world = World::start().await;
    world.subscribe().await;
    let first = world.queue();
    world.until_done(first).await;
    world.until_tasks_ended().await;
    world.settle().await;
    let ended = world.ended().await;
    let line = |job: &EndedJob| {
        let EndedJob { task, job, run, repository, workflow, profile, conclusion, exit, .. } = job;
        format!("{task} {job} {run} {repository} {workflow:?} {profile} {conclusion:?} {exit:?}")
    };
    let run = world.request(first).run;
    assert_eq!(
        ended.iter().map(line).collect::<Vec<_>>(),
        [format!(
            "gh-az-{first} {first} {run} dev.azure.com/CI Some(\"CI\") az Some(\"success\") Some(0)"
        )]
    );
    let job = &ended[0];
    assert!(job.node.is_some() && job.wait_seconds.is_some() && job.run_seconds.is_some());
    assert!(job.queued <= job.started && job.started.is_some_and(|started| started <= job.ended));
    // A second job extends the same blob.
    let second = world.queue();
    world.until_done(second).await;
    world.until_tasks_ended().await;
    world.settle().await;
    let tasks: Vec<String> = world.ended().await.into_iter().map(|job| job.task).collect();
    assert_eq!(tasks, [format!("gh-az-{second}"), format!("gh-az-{first}")]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_if_the_history_is_turned_off() {
    let mut world = World::start().await;
    world.env.change_settings(&[("HistoryDays", "0")]).await;
    let request = world.queue();
    world.run().await;
    world.until_done(request).await;
    world.until_tasks_ended().await;
    world.settle().await;
    assert_eq!(world.agents(), "mayfly-gh-az");
    let blobs = world.env.history_blobs();
    assert!(!blobs.iter().any(|name| name.starts_with("jobs/")), "{blobs:?}");
    world.end().await;
}
