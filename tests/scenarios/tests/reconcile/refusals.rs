//! Refusals of the credential: they are reported, and stop nothing else.

use github_emulator::{NewJob, Refusal, RefusalReason};
use insta::assert_snapshot;
use scenarios::{TestEnvironment, app};

use super::demand::job_without_webhook;
use crate::{PROGRAM, UBUNTU};

const BOTH: (&str, &str) = ("AllowedRepositories", "octo/*,corp/*");

fn refuse(env: &TestEnvironment, account: &str, operation: Option<&str>, reason: RefusalReason) {
    let (account, operation) = (Some(account.to_owned()), operation.map(str::to_owned));
    env.deployment.github.emulator.refuse(Refusal { account, operation, reason });
}

/// Returns the text of each alarm of this name.
pub(super) fn alarms(env: &TestEnvironment, name: &str) -> Vec<String> {
    let field = format!(" alarm=\"{name}\"");
    let log = env.log();
    let lines = log.lines().filter(|line| line.contains(&field));
    let text = |line: &str| {
        let text = line.split(": ").skip(2).collect::<Vec<_>>().join(": ");
        text.split(" function=")
            .next()
            .and_then(|text| text.split(&field).next())
            .map(str::to_owned)
    };
    lines.filter_map(text).collect()
}

async fn with_app(accounts: &[&str]) -> TestEnvironment {
    let env = TestEnvironment::with(PROGRAM, app::configure).await;
    env.deployment.github.emulator.add_app(app::installed_on(accounts));
    env
}

#[tokio::test]
async fn an_account_without_an_installation_stops_no_other() {
    for suspended in [true, false] {
        let mut env = with_app(&["octo", "corp"]).await;
        let github = std::sync::Arc::clone(&env.deployment.github.emulator);
        if suspended {
            assert!(github.suspend_installation("octo"));
        } else {
            github.remove_installation("octo");
        }
        env.queue(job_without_webhook("octo/app"));
        env.queue(job_without_webhook("corp/tool"));
        let logged = env.reconcile_after(2).await;
        assert_eq!(logged, "runner gh-2 of profile ubuntu requested for corp/tool\n1 repairs done");
        let alarms = alarms(&env, "credential");
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        let cause = if suspended { "octo has suspended" } else { "not installed on octo" };
        assert!(alarms[0].contains(cause), "{alarms:?}");
        let report = env.status().await;
        assert!(!report.complete && report.refused.unwrap_or_default().contains(cause));
        if suspended {
            assert!(github.resume_installation("octo"));
        } else {
            github.add_app(app::installed_on(&["octo"]));
        }
        env.reconcile_after(2).await;
        env.settle().await;
        assert_eq!(env.jobs().matches("success").count(), 2, "{}", env.jobs());
        assert_eq!(env.reconcile().await, "nothing to repair");
        assert!(env.status().await.complete);
        env.end().await;
    }
}

#[tokio::test]
async fn an_account_that_is_not_served_raises_no_alert() {
    let mut env = with_app(&["octo", "corp", "other"]).await;
    env.deployment.github.emulator.suspend_installation("other");
    env.queue(job_without_webhook("octo/app"));
    env.queue(job_without_webhook("other/tool"));
    let logged = env.reconcile_after(2).await;
    assert_eq!(logged.matches(" requested for octo/app").count(), 1, "{logged}");
    assert_eq!(alarms(&env, "credential"), [""; 0]);
    assert!(env.status().await.complete);
    env.end().await;
}

#[tokio::test]
async fn each_refusal_is_reported_with_its_account() {
    for (reason, cause) in [
        (RefusalReason::BadCredentials, "it is wrong, has expired, or was revoked"),
        (RefusalReason::SingleSignOn, "for the single sign-on of octo"),
        (RefusalReason::IpAllowList, "to the IP allow list of octo"),
        (RefusalReason::Permission, "its permissions for octo"),
    ] {
        let mut env = crate::start(&[BOTH]).await;
        env.queue(job_without_webhook("octo/app"));
        env.queue(job_without_webhook("corp/tool"));
        refuse(&env, "octo", None, reason);
        let logged = env.reconcile_after(2).await;
        assert!(logged.contains(" requested for corp/tool"), "{reason:?}: {logged}");
        assert!(!logged.contains("octo/app"), "{reason:?}: {logged}");
        let raised = alarms(&env, "credential");
        assert!(raised.iter().all(|text| text.contains(" for octo: ")), "{raised:?}");
        assert!(raised.iter().all(|text| text.contains(cause)), "{raised:?}");
        let report = env.status().await;
        assert!(!report.complete && report.refused.is_some(), "{reason:?}");
        env.until_true("the other job's end", |env| env.jobs().contains("success")).await;
        assert_eq!(env.reconcile().await, "nothing to repair", "{reason:?}");
        assert_eq!(alarms(&env, "credential").len(), raised.len(), "raised again");
        env.deployment.github.emulator.accept_again();
        env.reconcile_after(2).await;
        env.settle().await;
        assert_eq!(env.jobs().matches("success").count(), 2, "{reason:?}");
        env.end().await;
    }
}

#[tokio::test]
async fn different_refusals_are_all_reported() {
    let mut env = crate::start(&[BOTH]).await;
    env.deployment
        .github
        .emulator
        .add_repository("corp/tool", github_emulator::Visibility::Private);
    env.queue(job_without_webhook("octo/app"));
    refuse(&env, "octo", None, RefusalReason::IpAllowList);
    refuse(&env, "corp", Some("ListWorkflowRunsForRepo"), RefusalReason::Permission);
    env.reconcile().await;
    assert_snapshot!(alarms(&env, "credential").join("\n"), @r"
    GitHub refused the token (403) for corp: listing the workflow runs of a repository failed with 403 Forbidden: check the token of setting GithubToken, or the GitHub App, and its permissions for corp/tool
    GitHub refused the token (403) for octo: listing the workflow runs of a repository failed with 403 Forbidden: add the address of the function app to the IP allow list of octo
    ");
    env.deployment.github.emulator.accept_again();
    env.end().await;
}

#[tokio::test]
async fn an_organization_that_single_sign_on_hides_is_not_empty() {
    let mut env = crate::start(&[BOTH]).await;
    env.queue(job_without_webhook("octo/app"));
    env.queue(NewJob::new("corp/tool", UBUNTU));
    refuse(&env, "corp", None, RefusalReason::SingleSignOn);
    env.reconcile().await;
    assert_eq!(alarms(&env, "credential").len(), 1, "{}", env.log());
    let report = env.status().await;
    assert_eq!((report.complete, report.unread.contains(&"jobs".to_owned())), (false, true));
    env.deployment.github.emulator.accept_again();
    env.end().await;
}

/// A fine-grained token without permissions for organizations.
#[tokio::test]
async fn a_refused_organization_level_leaves_the_repositories_served() {
    let mut env = crate::start(&[]).await;
    for operation in ["ListSelfHostedRunnersForOrg", "OrgsListWebhooks", "ReposListForOrg"] {
        for reason in [RefusalReason::Permission, RefusalReason::NotFound] {
            refuse(&env, "octo", Some(operation), reason);
        }
    }
    env.queue(job_without_webhook("octo/app"));
    let logged = env.reconcile_after(2).await;
    assert!(logged.contains("requested for octo/app"), "{logged}");
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(alarms(&env, "credential"), [""; 0]);
    assert!(env.status().await.complete);
    env.end().await;
}
