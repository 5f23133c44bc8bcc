//! Decides what becomes of a webhook event: a runner, or nothing and why.

use chrono::{DateTime, Utc};

use crate::message::RunnerRequest;
use crate::profiles::{Match, Profile, match_profile};
use crate::repository::{AllowedRepositories, NotARepository, Repository};
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
    now: DateTime<Utc>,
) -> Result<Decision, NotARepository> {
    match event {
        Event::Ping => ignore("ping"),
        Event::Other(name) => ignore(format!("event {}", shortened(name))),
        Event::WorkflowJob(event) => decide_job(event, policy, now),
    }
}

fn decide_job(
    event: &WorkflowJobEvent,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Decision, NotARepository> {
    let job = &event.workflow_job;
    let repository = Repository::try_from(event.repository.full_name.as_str())?;
    if event.action != "queued" {
        return ignore(format!("action {}", shortened(&event.action)));
    }
    // A job behind an environment's gate sends `queued` while it waits, and `queued` again when it may run.
    if job.status != "queued" {
        return ignore(format!("queued, but {}", shortened(&job.status)));
    }
    if !event.repository.private && !policy.public_repositories {
        return ignore("public repository: setting AllowPublicRepositories does not allow any");
    }
    if !policy.allowed.allow(&repository) {
        return ignore("repository not allowed: it matches no glob of setting AllowedRepositories");
    }
    let profile = match match_profile(&job.labels, &policy.profiles) {
        Match::Profile(profile) => profile,
        Match::GithubHosted => return ignore("github-hosted"),
        Match::NoLabels => return ignore("no labels"),
        Match::Unserved { label } => return ignore(unserved(&label)),
    };
    Ok(Decision::Accept(RunnerRequest {
        job: job.id,
        run: job.run_id,
        repository,
        profile: profile.name.clone(),
        pinned: profile.pinned(&job.labels),
        generation: 1,
        replacement: 1,
        requested_at: now,
    }))
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

/// A payload's text in an answer must not grow without bound.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
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
        let seen = match decide(&Event::WorkflowJob(event), &policy, DateTime::UNIX_EPOCH) {
            Ok(Decision::Accept(request)) => format!("job {} on {}", request.job, request.profile),
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
        event.action = "in_progress".to_owned();
        check(event, "action in_progress");
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
