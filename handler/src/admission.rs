//! Decides what becomes of a webhook event: a runner, or nothing and why.

use chrono::{DateTime, Utc};

use crate::json::shortened;
use crate::message::{Cancelled, Message, Reassigned, RunnerRequest};
use crate::profiles::{Match, Profile, match_profile};
use crate::repository::{AllowedRepositories, NotARepository, Repository};
use crate::task::DeploymentName;
use crate::webhook::{Event, WorkflowJobEvent};

/// Which jobs are served, and by which profiles.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The profiles, the first match first.
    pub profiles: Vec<Profile>,
    /// The repositories that are served.
    pub allowed: AllowedRepositories,
    /// Whether public repositories are: anybody may propose a change to one, and with it a workflow.
    pub public_repositories: bool,
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// A runner is asked for.
    Accept(RunnerRequest),
    /// It may change who needs a runner: that is to be looked into.
    Note(Message),
    /// Nothing is done, for this reason.
    Ignore(String),
}

/// Decides what becomes of an event.
///
/// # Errors
/// The repository's name is not one.
pub fn decide(
    event: &Event,
    policy: &Policy,
    deployment: &DeploymentName,
    now: DateTime<Utc>,
) -> Result<Decision, NotARepository> {
    match event {
        Event::Ping => ignore("ping"),
        Event::Other(name) => ignore(format!("event {}", shortened(name))),
        Event::WorkflowJob(event) => {
            let repository = Repository::try_from(event.repository.full_name.as_str())?;
            Ok(match admit(event, &repository, policy) {
                Ok(profile) => decide_job(event, repository, profile, deployment, now),
                Err(reason) => Decision::Ignore(reason),
            })
        }
    }
}

/// Finds the profile that serves the event's job; or tells why the event is ignored, whatever it says of it.
fn admit<'a>(
    event: &WorkflowJobEvent,
    repository: &Repository,
    policy: &'a Policy,
) -> Result<&'a Profile, String> {
    let (action, status) = (event.action.as_str(), event.workflow_job.status.as_str());
    match (action, status) {
        ("queued", "queued") | ("in_progress" | "completed", _) => {}
        // A job behind an environment's gate sends `queued` while it waits, and `queued` again when it may run.
        ("queued", _) => return Err(format!("queued, but {}", shortened(status))),
        _ => return Err(format!("action {}", shortened(action))),
    }
    if !event.repository.private && !policy.public_repositories {
        return Err("public repository: setting AllowPublicRepositories does not allow any".into());
    }
    if !policy.allowed.allow(repository) {
        let reason = "repository not allowed: it matches no glob of setting AllowedRepositories";
        return Err(reason.into());
    }
    match match_profile(&event.workflow_job.labels, &policy.profiles) {
        Match::Profile(profile) => Ok(profile),
        Match::GithubHosted => Err("github-hosted".into()),
        Match::NoLabels => Err("no labels".into()),
        Match::Unserved { label } => Err(unserved(&label)),
    }
}

fn decide_job(
    event: &WorkflowJobEvent,
    repository: Repository,
    profile: &Profile,
    deployment: &DeploymentName,
    now: DateTime<Utc>,
) -> Decision {
    let job = &event.workflow_job;
    let runner = job.runner_name.as_deref().filter(|name| !name.is_empty());
    let name = || profile.name.clone();
    match (event.action.as_str(), runner) {
        ("queued", _) => Decision::Accept(RunnerRequest {
            job: job.id,
            run: job.run_id,
            repository,
            profile: name(),
            pinned: profile.pinned(&job.labels),
            generation: 1,
            replacement: 1,
            requested_at: now,
        }),
        ("completed", None) => {
            Decision::Note(Message::Cancelled(Cancelled { job: job.id, profile: name() }))
        }
        ("in_progress", Some(runner)) => match deployment.parse_task(runner) {
            Some(thief) if thief.job != job.id => {
                let runner = thief.to_string();
                let taken = Reassigned { job: job.id, profile: name(), runner, again: false };
                Decision::Note(Message::Reassigned(taken))
            }
            Some(_) => Decision::Ignore("in progress on its own runner".into()),
            None => Decision::Ignore("in progress on a runner that is not ours".into()),
        },
        (action, _) => Decision::Ignore(format!("action {action}")),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "reads as the answer that it is, at every call")]
fn ignore(reason: impl Into<String>) -> Result<Decision, NotARepository> {
    Ok(Decision::Ignore(reason.into()))
}

fn unserved(label: &str) -> String {
    let label = shortened(label);
    let advice = match label.as_str() {
        "ubuntu-18.04" | "ubuntu-20.04" => {
            ", which reached its end of life; to serve it all the same, add a profile with this label to setting RunnerProfiles"
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
                run_id: 45,
                status: "queued".to_owned(),
                labels: labels.iter().map(|&label| label.to_owned()).collect(),
                runner_name: None,
            },
            repository: EventRepository { full_name: "octo/app".to_owned(), private: true },
        }
    }

    #[track_caller]
    fn check(event: WorkflowJobEvent, expect: &str) {
        let policy = Policy {
            profiles: default_profiles("ubuntu", "windows"),
            allowed: AllowedRepositories::parse("octo/*").expect("a glob"),
            public_repositories: false,
        };
        let deployment = "gh".parse().expect("a name");
        let event = Event::WorkflowJob(event);
        let seen = match decide(&event, &policy, &deployment, DateTime::UNIX_EPOCH) {
            Ok(Decision::Accept(request)) => format!("job {} on {}", request.job, request.profile),
            Ok(Decision::Note(message)) => format!("{message:?}"),
            Ok(Decision::Ignore(reason)) => reason,
            Err(err) => err.to_string(),
        };
        assert!(seen.starts_with(expect), "{seen} should start with {expect}");
    }

    #[test]
    fn a_queued_job_of_an_allowed_repository_gets_a_runner() {
        check(queued(&["self-hosted", "ubuntu-latest"]), "job 123 on ubuntu");
    }

    #[test]
    fn everything_else_is_ignored_with_its_reason() {
        let linux = || queued(&["self-hosted", "linux"]);
        let mut event = linux();
        event.action = "waiting".to_owned();
        check(event, "action waiting");
        let mut event = linux();
        event.workflow_job.status = "waiting".to_owned();
        check(event, "queued, but waiting");
        let mut event = linux();
        event.repository.private = false;
        check(event, "public repository");
        let mut event = linux();
        event.repository.full_name = "corp/app".to_owned();
        check(event, "repository not allowed");
        check(queued(&["ubuntu-latest"]), "github-hosted");
        check(queued(&[]), "no labels");
        check(queued(&["self-hosted", "gpu"]), "no profile serves label gpu");
        check(
            queued(&["self-hosted", "ubuntu-20.04"]),
            "no profile serves label ubuntu-20.04, which reached its end",
        );
    }

    fn told(action: &str, runner: Option<&str>) -> WorkflowJobEvent {
        let mut event = queued(&["self-hosted", "ubuntu-latest"]);
        event.action = action.to_owned();
        event.workflow_job.status = action.to_owned();
        event.workflow_job.runner_name = runner.map(str::to_owned);
        event
    }

    #[test]
    fn a_runner_of_ours_that_was_given_another_job_is_noted() {
        check(
            told("in_progress", Some("gh-7")),
            r#"Reassigned(Reassigned { job: 123, profile: "ubuntu", "#,
        );
        check(told("in_progress", Some("gh-123-2")), "in progress on its own runner");
        check(told("in_progress", Some("other-7")), "in progress on a runner that is not ours");
        check(told("in_progress", None), "action in_progress");
    }

    #[test]
    fn a_job_that_ended_without_a_runner_is_noted() {
        for none in [None, Some("")] {
            check(told("completed", none), r#"Cancelled(Cancelled { job: 123, profile: "ubuntu""#);
        }
        check(told("completed", Some("gh-123")), "action completed");
        let mut hosted = told("completed", None);
        hosted.workflow_job.labels = vec!["ubuntu-latest".to_owned()];
        check(hosted, "github-hosted");
    }

    #[test]
    fn a_repository_that_would_leave_its_place_is_refused() {
        let mut event = queued(&["self-hosted"]);
        event.repository.full_name = "octo/../../admin".to_owned();
        check(event, "a repository is named owner/name");
    }

    #[test]
    fn ten_thousand_labels_are_one_short_reason() {
        let labels = vec!["self-hosted"; 10_000];
        check(queued(&labels), "job 123 on ubuntu");
        let long = "x".repeat(10_000);
        let mut event = queued(&["self-hosted", &long]);
        event.workflow_job.labels.extend((0..10_000).map(|n| format!("label-{n}")));
        check(event, "no profile serves label xxx");
    }
}
