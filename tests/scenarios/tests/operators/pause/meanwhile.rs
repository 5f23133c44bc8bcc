//! What others do while a profile is paused: nodes, operators of Batch, settings, another deployment.

use super::*;

#[tokio::test]
async fn a_node_that_is_lost_meanwhile_loses_no_job() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    env.operate(pause("ubuntu")).await;
    let node = env.deployment.batch.emulator.tasks("runners-ubuntu")[0].node.clone();
    env.deployment.batch.emulator.lose_node(&node.expect("a node"), Loss::Died).expect("the node");
    assert_snapshot!(two_hours(&mut env).await, @r"
    nothing to repair
    nothing to repair
    nothing to repair
    nothing to repair
    ");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 active");
    env.operate(resume("ubuntu")).await;
    env.until_runner_is_online().await;
    env.deployment.github.emulator.pause_assignment(false);
    assert_snapshot!(served(&mut env).await, @"<1> success on gh-1");
    assert_eq!(alarms(&env), "");
    env.end().await;
}

#[tokio::test]
async fn a_pause_of_a_removed_profile_is_reported_once() {
    let mut env = crate::start(&[]).await;
    env.operate(pause("windows")).await;
    env.change_settings(&[("RunnerProfiles", OTHER_PROFILE)]).await;
    env.reconcile().await;
    assert_snapshot!(timeless(&env.alarm("settings").await), @"profile windows is paused since TIME by ann@desk: a new image, and is not in setting RunnerProfiles any more: the pause has no effect; add the profile again, or run `mayfly resume windows`");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(alarms(&env).lines().count(), 1);
    assert_eq!(env.status().await.paused, []);
    assert_snapshot!(env.operate(resume("windows")).await, @"profile windows resumed");
    assert_snapshot!(env.reconcile().await, @r"
    the pause of profile windows has ended
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn an_operator_of_batch_does_not_end_a_pause() {
    let mut env = crate::start(&[]).await;
    env.operate(pause("ubuntu")).await;
    env.change_batch("jobs/runners-ubuntu/enable", json!({})).await;
    assert_snapshot!(env.reconcile().await, @r"
    Batch job runners-ubuntu disabled: profile ubuntu is paused
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(state_of(&env, "runners-ubuntu"), "disabled");
    env.end().await;
}

#[tokio::test]
async fn a_pause_does_not_hold_up_another_deployment() {
    let mut one = crate::start(&[("DeploymentName", "one")]).await;
    let account = one.deployment.ports.batch.url.clone();
    let mut two = TestEnvironment::with(PROGRAM, |options| {
        options.shared = Some(one.deployment.share());
        for (name, value) in [("DeploymentName", "two"), ("BatchAccountUrl", account.as_str())] {
            options.settings.insert(name.to_owned(), value.to_owned());
        }
    })
    .await;
    one.operate(pause("ubuntu")).await;
    two.queue_job(UBUNTU);
    two.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(two.reconcile_after(2).await, @r"
    runner two-1-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    two.until_true("the job's end", |env| env.jobs().contains("success")).await;
    one.until_true("the task's end", |env| env.tasks().contains("completed 0")).await;
    // Either deployment may be the first to add its task.
    let tasks = one.tasks();
    let mut tasks: Vec<&str> = tasks.lines().collect();
    tasks.sort_unstable();
    assert_snapshot!(tasks.join("\n"), @r"
    runners-ubuntu: one-1 active
    runners-ubuntu: two-1 active
    runners-ubuntu_2: two-1-2 completed 0
    ");
    assert_snapshot!(one.reconcile().await, @r"
    task one-1 terminated: the job was assigned to a runner outside this deployment
    1 repairs done
    ");
    one.operate(resume("ubuntu")).await;
    assert_snapshot!(one.reconcile().await, @"nothing to repair");
    assert_snapshot!(two.reconcile().await, @"nothing to repair");
    assert_snapshot!(two.reconcile().await, @"nothing to repair");
    one.end().await;
    two.end().await;
}
