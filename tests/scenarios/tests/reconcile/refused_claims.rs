//! Claims while GitHub refuses the credential: the cause is logged once, and no runner starts that could not claim.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use github_emulator::{NewJob, Refusal, RefusalReason};
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::{PROGRAM, UBUNTU};

/// A launcher whose containers claim once, and end with 75 if they are to claim again later.
struct ClaimOnce;

impl Launcher for ClaimOnce {
    fn launch(
        &self,
        run: TaskRun,
        mut stop: Stop,
    ) -> Pin<Box<dyn Future<Output = RunOutcome> + Send>> {
        Box::pin(async move {
            match claim(&run).await {
                503 => RunOutcome::Exited(75),
                200 => {
                    stop.requested(StopRequest::Terminate).await;
                    RunOutcome::Exited(143)
                }
                _ => RunOutcome::Exited(0),
            }
        })
    }
}

/// Claims, and returns the status. Batch shows a task as running a moment after its start.
async fn claim(run: &TaskRun) -> u16 {
    let (url, ticket) = (&run.settings["RUNNER_CLAIM_URL"], &run.settings["RUNNER_CLAIM_TICKET"]);
    let body = json!({ "v": 1, "ticket": ticket, "nonce": "f00dcafef00dcafef00dcafef00dcafe" });
    let client = handler::transport::http_client(None).expect("a client");
    loop {
        let response = client.post(url).json(&body).send().await.expect("a response");
        let status = response.status().as_u16();
        if !response.text().await.unwrap_or_default().contains("not running yet") {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn start() -> TestEnvironment {
    TestEnvironment::with(PROGRAM, |options| options.launcher = Some(Arc::new(ClaimOnce))).await
}

fn refuse(env: &TestEnvironment, operation: Option<&str>) {
    env.deployment.github.emulator.refuse(Refusal {
        account: Some("octo".to_owned()),
        operation: operation.map(str::to_owned),
        reason: RefusalReason::Permission,
    });
}

fn alarms(env: &TestEnvironment) -> usize {
    env.log().matches("alarm=\"credential\"").count()
}

#[tokio::test]
async fn runners_whose_claims_are_refused_are_not_replaced() {
    let mut env = start().await;
    refuse(&env, Some("GenerateRunnerJitconfigForRepo"));
    let (one, two) = (env.queue_job(UBUNTU), env.queue_job(UBUNTU));
    let ended = |env: &TestEnvironment, count: usize| env.tasks().matches(" 75").count() == count;
    env.until_true("both tasks' ends", |env| ended(env, 2)).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(alarms(&env), 1, "{}", env.log());
    let report = env.status().await;
    assert!(!report.complete);
    assert_snapshot!(report.refused.unwrap_or_default(), @"GitHub refused the token (403) for octo: registering a runner failed with 403 Forbidden: check the token of setting GithubToken, or the GitHub App, and its permissions for octo/app");
    let reasons: Vec<String> =
        report.jobs.iter().map(|job| job.wait_reason.clone().unwrap_or_default()).collect();
    assert_eq!(reasons[0], reasons[1]);
    assert!(reasons[0].contains("registering a runner failed with 403"), "{reasons:?}");
    // More than five failures by this cause do not count against the job.
    for number in 2..=8 {
        env.advance_minutes(14);
        assert_eq!(env.reconcile().await, "nothing to repair", "{number}");
        env.advance_minutes(2);
        let logged = env.reconcile().await;
        let probe = format!("runner gh-1-{number} of profile ubuntu requested for octo/app");
        assert_eq!(logged, format!("{probe}\n1 repairs done"));
        env.until_task_ends(&format!("gh-{one}-{number}")).await;
        assert_eq!(env.reconcile().await, "nothing to repair", "{number}");
    }
    assert_eq!(alarms(&env), 1, "{}", env.log());
    env.deployment.github.emulator.accept_again();
    env.advance_minutes(16);
    env.reconcile().await;
    env.until_logged("GitHub accepts the token for octo again").await;
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-2-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.until_task_is_added(&format!("gh-{two}-2")).await;
    assert_eq!(env.status().await.refused, None);
    env.end().await;
}

#[tokio::test]
async fn a_cause_is_logged_again_after_it_was_resolved() {
    let mut env = start().await;
    let job = |env: &TestEnvironment| {
        let mut job = NewJob::new("octo/app", UBUNTU);
        job.silent = false;
        env.queue(job)
    };
    refuse(&env, None);
    let first = job(&env);
    env.until_task_ends(&format!("gh-{first}")).await;
    env.deployment.github.emulator.accept_again();
    job(&env);
    env.until_logged("GitHub accepts the token for octo again").await;
    refuse(&env, None);
    let third = job(&env);
    env.until_task_ends(&format!("gh-{third}")).await;
    assert_eq!(alarms(&env), 2, "{}", env.log());
    env.deployment.github.emulator.accept_again();
    env.end().await;
}

/// A fine-grained token, or an App, that lacks one repository.
#[tokio::test]
async fn a_refusal_of_one_repository_keeps_only_its_jobs_waiting() {
    let operation = Some("GenerateRunnerJitconfigForRepo");
    for (operation, reason) in [
        (operation, RefusalReason::Permission),
        (operation, RefusalReason::NotFound),
        (None, RefusalReason::NotFound),
    ] {
        let mut env = start().await;
        let github = Arc::clone(&env.deployment.github.emulator);
        github.refuse_in_repository("octo/app", operation, reason);
        let first = env.queue_job(UBUNTU);
        env.until_task_ends(&format!("gh-{first}")).await;
        assert_eq!(env.reconcile().await, "nothing to repair");
        assert_eq!(alarms(&env), 1, "{}", env.log());
        let second = env.queue(NewJob { silent: true, ..NewJob::new("octo/site", UBUNTU) });
        let logged = env.reconcile_after(2).await;
        assert_eq!(
            logged, "runner gh-2 of profile ubuntu requested for octo/site\n1 repairs done",
            "{reason:?}"
        );
        env.until_task_is_added(&format!("gh-{second}")).await;
        let report = env.status().await;
        let refused = report.refused.unwrap_or_default();
        assert!(refused.contains("octo/app") && !refused.contains("octo/site"), "{refused}");
        github.accept_again();
        env.advance_minutes(16);
        assert!(
            env.reconcile()
                .await
                .contains("runner gh-1-2 of profile ubuntu requested for octo/app")
        );
        env.until_logged("GitHub accepts the token for octo again, in octo/app").await;
        env.end().await;
    }
}

#[tokio::test]
async fn a_refusal_of_the_account_keeps_all_its_jobs_waiting() {
    for reason in
        [RefusalReason::BadCredentials, RefusalReason::SingleSignOn, RefusalReason::IpAllowList]
    {
        let mut env = start().await;
        let github = Arc::clone(&env.deployment.github.emulator);
        let operation = "GenerateRunnerJitconfigForRepo";
        github.refuse_in_repository("octo/app", Some(operation), reason);
        let first = env.queue_job(UBUNTU);
        env.until_task_ends(&format!("gh-{first}")).await;
        env.queue(NewJob { silent: true, ..NewJob::new("octo/site", UBUNTU) });
        assert_eq!(env.reconcile_after(2).await, "nothing to repair", "{reason:?}");
        github.accept_again();
        env.end().await;
    }
}
