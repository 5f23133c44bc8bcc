//! Several GitHub Apps: which of them is used for an account, and when.

use std::collections::BTreeMap;

use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::{TestEnvironment, app, container};

use crate::{PROGRAM, UBUNTU};

const TOKENS: &str = "CreateInstallationAccessToken";
/// More runners than one App can register in a minute: GitHub allows 900 points, of which each takes 5.
const BURST: usize = 200;

/// Queues more jobs than one App can serve in a minute, claims for all of them, and counts the responses, and the jobs that
/// wait for a registration according to Status.
async fn burst(apps: usize) -> (BTreeMap<u16, usize>, usize) {
    let (env, first) = container::start(PROGRAM, UBUNTU, |options| {
        if apps == 1 {
            app::configure(options)
        } else {
            app::configure_both(options)
        }
        options.nodes = u32::try_from(BURST).expect("a small number");
    })
    .await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo"]));
    if apps > 1 {
        env.deployment.github.emulator.add_app(app::other_installed_on(&["octo"]));
    }
    let run = env.deployment.github.emulator.job(first).map(|job| job.run);
    let mut jobs = vec![first];
    jobs.extend((1..BURST).map(|_| env.queue(NewJob { run, ..NewJob::new("octo/app", UBUNTU) })));
    env.until_no_message().await;
    let mut statuses = BTreeMap::new();
    for job in jobs {
        let task = format!("gh-{job}");
        container::until_running(&env, &task).await;
        *statuses.entry(container::claim(&env, &task).await.status).or_default() += 1;
    }
    assert!(!env.log().contains("ghs_"), "{}", env.log());
    let reason = "GitHub allows 180 registrations a minute, and that many runners were registered: its runner follows; several GitHub Apps allow more";
    let jobs = env.status().await.jobs;
    let throttled = jobs.iter().filter(|job| job.wait_reason.as_deref() == Some(reason)).count();
    env.end().await;
    (statuses, throttled)
}

#[tokio::test]
async fn two_apps_share_a_burst_beyond_the_limit_of_one() {
    let late = BURST - 180;
    assert_eq!(burst(1).await, (BTreeMap::from([(200, 180), (503, late)]), late));
    assert_eq!(burst(2).await, (BTreeMap::from([(200, BURST)]), 0));
}

#[tokio::test]
async fn each_account_is_served_by_the_app_that_is_installed_on_it() {
    let mut env = TestEnvironment::with(PROGRAM, app::configure_both).await;
    let github = &env.deployment.github.emulator;
    github.add_app(app::installed_on(&["octo"]));
    github.add_app(app::other_installed_on(&["corp"]));
    let corp = github_emulator::Scope::Organization("corp".to_owned());
    github.add_hook(&env.deployment.webhook_url, local_deployment::WEBHOOK_SECRET, corp);
    env.queue_job(UBUNTU);
    env.queue(NewJob::new("corp/tool", UBUNTU));
    env.settle().await;
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    // The App that is not installed on corp is not asked again for each request.
    let lookups =
        |env: &TestEnvironment| env.deployment.github.faults.calls_of("GetRepoInstallation");
    let before = lookups(&env);
    assert!(before > 0);
    env.queue(NewJob::new("corp/tool", UBUNTU));
    env.settle().await;
    assert_eq!(lookups(&env), before);
    env.end().await;
}

#[tokio::test]
async fn a_suspended_installation_leaves_the_account_to_the_other_app() {
    let mut env = TestEnvironment::with(PROGRAM, app::configure_both).await;
    let github = &env.deployment.github.emulator;
    github.add_app(app::installed_on(&["octo"]));
    github.add_app(app::other_installed_on(&["octo"]));
    let refused = Effect::Fail { status: 403, retry_after: None };
    env.deployment.github.faults.inject(TOKENS, 1, refused);
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}
