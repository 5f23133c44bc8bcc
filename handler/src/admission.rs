//! Decides about a webhook event: whether a runner is requested, the event is recorded, or ignored for a reason.

use chrono::{DateTime, Utc};

use crate::json::shortened;
use crate::message::{Cancelled, Message, Reassigned, RunnerRequest};
use crate::profiles::{MAX_LABELS, Match, Profile, is_list, match_profile};
use crate::repository::{AllowedRepositories, NotARepository, Repository};
use crate::scope::Scope;
use crate::task::{DeploymentName, TaskId};
use crate::webhook::{Event, WorkflowJobEvent};

/// The jobs that are served, and the profiles that serve them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The profiles, in the order of precedence.
    pub profiles: Vec<Profile>,
    /// The repositories that are served.
    pub allowed: AllowedRepositories,
    /// Whether public repositories are served. Anyone may propose a change, and so a workflow, to a public repository.
    pub public_repositories: bool,
}

/// The decision about an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Request a runner.
    Accept(RunnerRequest),
    /// Enqueue a message: the event may mean that another job needs a runner, or that a runner is not needed.
    Record(Message),
    /// Do nothing, for this reason.
    Ignore(String),
}

/// Decides about an event.
///
/// # Errors
/// When the repository's name is invalid.
pub fn decide(
    event: &Event,
    policy: &Policy,
    scope: &Scope,
    deployment: &DeploymentName,
    now: DateTime<Utc>,
) -> Result<Decision, NotARepository> {
    match event {
        Event::Ping => ignore("ping"),
        Event::Incomplete(field) => ignore(is_null(field)),
        Event::Other(name) => ignore(format!("event {}", shortened(name))),
        Event::WorkflowJob(event) => {
            let repository = Repository::try_from(event.repository.full_name.as_str())?;
            let admitted = admit(event, &repository, policy, scope);
            if let Some(assigned) = runner_of_ours(event, deployment) {
                return Ok(decide_assigned(event, repository, &assigned, admitted.ok()));
            }
            Ok(match admitted {
                Ok(profile) => decide_job(event, repository, profile, now),
                Err(reason) => Decision::Ignore(reason),
            })
        }
    }
}

/// Returns the runner of this deployment on which the event's job runs, or ran, going by its name.
fn runner_of_ours(event: &WorkflowJobEvent, deployment: &DeploymentName) -> Option<TaskId> {
    let started = matches!(event.action.as_str(), "in_progress" | "completed");
    deployment.parse_task(event.workflow_job.runner_name.as_deref().filter(|_| started)?)
}

/// Decides about a job on a runner of this deployment, whatever the labels and the repository of the job are: GitHub
/// assigns jobs by labels and runner groups alone, so a runner may be given a job that did not request it.
fn decide_assigned(
    event: &WorkflowJobEvent,
    repository: Repository,
    assigned: &TaskId,
    profile: Option<&Profile>,
) -> Decision {
    let job = event.workflow_job.id;
    if assigned.job == job {
        return Decision::Ignore(format!("{} on its own runner", event.action.replace('_', " ")));
    }
    Decision::Record(Message::Reassigned(Reassigned {
        job,
        repository: Some(repository),
        profile: profile.map(|profile| profile.name.clone()),
        runner: assigned.to_string(),
        runner_id: event.workflow_job.runner_id,
        // The request for the job's own runner is long before its end.
        again: event.action == "completed",
    }))
}

/// Finds the profile that serves the event's job, or the reason why the event is ignored.
fn admit<'a>(
    event: &WorkflowJobEvent,
    repository: &Repository,
    policy: &'a Policy,
    scope: &Scope,
) -> Result<&'a Profile, String> {
    match (event.action.as_str(), event.workflow_job.status.as_deref()) {
        ("queued", Some("queued")) | ("in_progress" | "completed", _) => {}
        // A job behind a gate of an environment sends `queued` while it waits, and again when it may run.
        ("queued", Some(status)) => return Err(format!("queued, but {}", shortened(status))),
        ("queued", None) => return Err(is_null("workflow_job.status")),
        (action, _) => return Err(format!("action {}", shortened(action))),
    }
    match event.repository.private {
        _ if policy.public_repositories => {}
        Some(true) => {}
        Some(false) => {
            let reason = "public repository: setting AllowPublicRepositories does not allow any";
            return Err(reason.into());
        }
        None => return Err(is_null("repository.private")),
    }
    if !policy.allowed.allow(repository) {
        let reason = "repository not allowed: it matches no pattern of setting AllowedRepositories";
        return Err(reason.into());
    }
    if event.repository.is_users && *scope != Scope::Repository {
        return Err(
            "a user owns the repository: runners of setting RunnerScope serve organizations only"
                .into(),
        );
    }
    let Some(labels) = &event.workflow_job.labels else {
        return Err(is_null("workflow_job.labels, or one of them,"));
    };
    match match_profile(labels, &policy.profiles) {
        Match::Profile(profile) => Ok(profile),
        Match::GithubHosted => Err("github-hosted".into()),
        Match::OtherLabels => {
            Err("the labels match no profile, and none of them is self-hosted".into())
        }
        Match::NoLabels => Err("no labels: runs-on names a runner group only".into()),
        Match::NoProfile { .. } if labels.len() > MAX_LABELS => {
            Err(format!("{} labels: a runner has at most {MAX_LABELS}", labels.len()))
        }
        Match::NoProfile { label } => Err(unserved(&label)),
    }
}

fn decide_job(
    event: &WorkflowJobEvent,
    repository: Repository,
    profile: &Profile,
    now: DateTime<Utc>,
) -> Decision {
    let job = &event.workflow_job;
    let name = || profile.name.clone();
    match (event.action.as_str(), &job.runner_name) {
        ("queued", _) => match job.run_id {
            Some(run) => Decision::Accept(RunnerRequest {
                job: job.id,
                run,
                repository,
                profile: name(),
                pinned: profile.pinned(job.labels.as_deref().unwrap_or_default()),
                generation: 1,
                replacement: 1,
                requested_at: now,
            }),
            None => Decision::Ignore(is_null("workflow_job.run_id")),
        },
        ("completed", None) => Decision::Record(Message::Cancelled(Cancelled {
            job: job.id,
            repository,
            profile: name(),
        })),
        ("in_progress", Some(_)) => {
            Decision::Ignore("in progress on a runner of another deployment".into())
        }
        (action, _) => Decision::Ignore(format!("action {action}")),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "keeps the match arms that call it short")]
fn ignore(reason: impl Into<String>) -> Result<Decision, NotARepository> {
    Ok(Decision::Ignore(reason.into()))
}

/// Returns why an event without a needed field is ignored. It is not answered by an error: GitHub would redeliver the
/// same body.
fn is_null(field: &str) -> String {
    format!("{field} is null: reconciliation lists the job if it waits")
}

fn unserved(label: &str) -> String {
    let label = shortened(label);
    let advice = match label.as_str() {
        list if is_list(list) => ", which is one label: write runs-on as a list",
        "ubuntu-18.04" | "ubuntu-20.04" => {
            ", which has reached its end of life; to serve it nevertheless, add a profile with this label to setting RunnerProfiles"
        }
        _ => "",
    };
    format!("no profile serves label {label}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::default_profiles;
    use crate::webhook::{EventRepository, WorkflowJob};

    fn queued(labels: &[&str]) -> WorkflowJobEvent {
        WorkflowJobEvent {
            action: "queued".to_owned(),
            workflow_job: WorkflowJob {
                id: 123,
                run_id: Some(45),
                status: Some("queued".to_owned()),
                labels: Some(labels.iter().map(|&label| label.to_owned()).collect()),
                runner_name: None,
                runner_id: None,
            },
            repository: EventRepository {
                full_name: "octo/app".to_owned(),
                private: Some(true),
                is_users: false,
            },
        }
    }

    #[track_caller]
    fn check(event: WorkflowJobEvent, expect: &str) {
        check_in(&Scope::Organization, event, expect);
    }

    #[track_caller]
    fn check_in(scope: &Scope, event: WorkflowJobEvent, expect: &str) {
        let policy = Policy {
            profiles: default_profiles("ubuntu", "windows"),
            allowed: AllowedRepositories::parse("octo/*").expect("a glob"),
            public_repositories: false,
        };
        let deployment = "gh".parse().expect("a name");
        let event = Event::WorkflowJob(event);
        let decision = match decide(&event, &policy, scope, &deployment, DateTime::UNIX_EPOCH) {
            Ok(Decision::Accept(request)) => format!("job {} on {}", request.job, request.profile),
            Ok(Decision::Record(message)) => format!("{message:?}"),
            Ok(Decision::Ignore(reason)) => reason,
            Err(err) => err.to_string(),
        };
        assert!(decision.starts_with(expect), "{decision} should start with {expect}");
    }

    #[test]
    fn a_queued_job_of_an_allowed_repository_gets_a_runner() {
        check(queued(&["self-hosted", "ubuntu-latest"]), "job 123 on ubuntu");
    }

    #[test]
    fn every_other_event_is_ignored_with_its_reason() {
        let linux = || queued(&["self-hosted", "linux"]);
        let mut event = linux();
        event.action = "waiting".to_owned();
        check(event, "action waiting");
        let mut event = linux();
        event.workflow_job.status = Some("waiting".to_owned());
        check(event, "queued, but waiting");
        let mut event = linux();
        event.repository.private = Some(false);
        check(event, "public repository");
        let mut event = linux();
        event.repository.full_name = "corp/app".to_owned();
        check(event, "repository not allowed");
        check(queued(&["ubuntu-latest"]), "github-hosted");
        check(queued(&["linux", "x64"]), "the labels match no profile");
        check(queued(&["ubuntu-18.04"]), "the labels match no profile");
        check(queued(&[]), "no labels");
        check(
            queued(&["self-hosted, linux"]),
            "no profile serves label self-hosted, linux, which is one label",
        );
        check(queued(&["self-hosted", "gpu"]), "no profile serves label gpu");
        check(
            queued(&["self-hosted", "ubuntu-20.04"]),
            "no profile serves label ubuntu-20.04, which has reached its end",
        );
    }

    #[test]
    fn a_repository_of_a_user_is_served_in_its_own_scope_only() {
        let of = |is_users| {
            let mut event = queued(&["self-hosted", "linux"]);
            event.repository.is_users = is_users;
            event
        };
        let enterprise = Scope::Enterprise("corp".to_owned());
        for scope in [&Scope::Organization, &enterprise] {
            check_in(scope, of(true), "a user owns the repository");
            check_in(scope, of(false), "job 123 on ubuntu");
        }
        check_in(&Scope::Repository, of(true), "job 123 on ubuntu");
    }

    fn event(action: &str, runner: Option<&str>) -> WorkflowJobEvent {
        let mut event = queued(&["self-hosted", "ubuntu-latest"]);
        event.action = action.to_owned();
        event.workflow_job.status = Some(action.to_owned());
        event.workflow_job.runner_name = runner.map(str::to_owned);
        event
    }

    #[test]
    fn a_runner_of_ours_that_got_another_job_is_recorded() {
        for action in ["in_progress", "completed"] {
            check(
                event(action, Some("gh-7")),
                r#"Reassigned(Reassigned { job: 123, repository: Some(Repository("octo/app")), profile: Some("ubuntu"), "#,
            );
            check(event(action, Some("gh-123-2")), &action.replace('_', " "));
        }
        check(event("in_progress", Some("gh-123")), "in progress on its own runner");
        check(
            event("in_progress", Some("other-7")),
            "in progress on a runner of another deployment",
        );
        check(event("in_progress", None), "action in_progress");
        check(event("queued", Some("gh-7")), "job 123 on ubuntu");
    }

    /// GitHub assigns jobs to runners by labels and groups alone.
    #[test]
    fn any_job_on_a_runner_of_ours_is_recorded() {
        let of = |labels: &[&str], full_name: &str, private| {
            let mut event = event("in_progress", Some("gh-7"));
            let labels = labels.iter().map(|&label| label.to_owned());
            event.workflow_job.labels = Some(labels.collect());
            event.repository.full_name = full_name.to_owned();
            event.repository.private = Some(private);
            event
        };
        let own = ["self-hosted", "ubuntu-latest"];
        for labels in [&["ubuntu-latest"][..], &["linux", "x64"], &["gpu"], &[]] {
            let event = of(labels, "octo/app", true);
            check(
                event,
                r#"Reassigned(Reassigned { job: 123, repository: Some(Repository("octo/app")), profile: None, runner: "gh-7", runner_id: None, again: false }"#,
            );
        }
        for (name, private) in [("octo/app", false), ("corp/app", true)] {
            let expected = format!(
                r#"Reassigned(Reassigned {{ job: 123, repository: Some(Repository("{name}")), profile: None"#
            );
            check(of(&own, name, private), &expected);
        }
    }

    #[test]
    fn a_job_that_ended_without_a_runner_is_recorded() {
        check(
            event("completed", None),
            r#"Cancelled(Cancelled { job: 123, repository: Repository("octo/app"), profile: "ubuntu""#,
        );
        check(event("completed", Some("gh-123")), "completed on its own runner");
        let mut hosted = event("completed", None);
        hosted.workflow_job.labels = Some(vec!["ubuntu-latest".to_owned()]);
        check(hosted, "github-hosted");
    }

    #[test]
    fn a_repository_name_that_escapes_its_path_is_rejected() {
        let mut event = queued(&["self-hosted"]);
        event.repository.full_name = "octo/../../admin".to_owned();
        check(event, "a repository name is owner/name");
    }

    #[test]
    fn ten_thousand_labels_are_one_short_reason() {
        let labels = vec!["self-hosted"; 10_000];
        check(queued(&labels), "10000 labels: a runner has at most 100");
        check(queued(&labels[..100]), "job 123 on ubuntu");
        let long = "x".repeat(10_000);
        let numbered: Vec<String> = (0..10_000).map(|n| format!("label-{n}")).collect();
        let mut labels: Vec<&str> = vec!["self-hosted", &long];
        labels.extend(numbered.iter().map(String::as_str));
        check(queued(&labels), "10002 labels: a runner has at most 100");
        check(queued(&["self-hosted", &long]), "no profile serves label xxx");
    }
}
