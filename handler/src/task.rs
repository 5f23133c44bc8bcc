//! The Batch task of a runner: its id, and what it is told.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::message::RunnerRequest;
use crate::profiles::Profile;
use crate::secret::Secret;

/// The prefix of task ids and runner names: only names with our prefix are ours.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentName(String);

impl FromStr for DeploymentName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if (1..=12).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("takes 1 to 12 of a-z and 0-9".to_owned())
        }
    }
}

impl DeploymentName {
    /// Names the task of a job's runner: `gh-123`, its replacements `gh-123-2`, `gh-123-3` …
    pub fn task(&self, job: u64, replacement: u32) -> TaskId {
        TaskId { deployment: self.0.clone(), job, replacement: replacement.max(1) }
    }

    /// Reads the name of a task or runner; `None` where it is not one of this deployment.
    pub fn read(&self, name: &str) -> Option<TaskId> {
        let rest = name.strip_prefix(self.0.as_str())?.strip_prefix('-')?;
        let (job, replacement) = match rest.split_once('-') {
            Some((job, replacement)) => (job, replacement.parse().ok().filter(|&n| n > 1)?),
            None => (rest, 1),
        };
        let id = self.task(job.parse().ok()?, replacement);
        // Only the name that we would write ourselves: `gh-0123` or `gh-+1` is somebody else's.
        (id.to_string() == name).then_some(id)
    }
}

/// Identifies a task, and by the same name its runner.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId {
    deployment: String,
    /// The workflow job that the runner was made for.
    pub job: u64,
    /// 1 for the job's first runner, 2 and more for its replacements.
    pub replacement: u32,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.deployment, self.job)?;
        if self.replacement > 1 {
            write!(f, "-{}", self.replacement)?;
        }
        Ok(())
    }
}

/// How the runner comes to its credential.
#[derive(Clone, Debug)]
pub enum Credential {
    /// It claims a just-in-time configuration when it starts.
    Claim {
        /// Where ClaimRunner answers.
        url: String,
        /// The ticket of this task.
        ticket: Secret,
    },
    /// It carries a registration token, for pools that cannot reach the function.
    Token {
        /// The registration token.
        token: Secret,
        /// When the token ends.
        expires_at: DateTime<Utc>,
    },
}

/// What all runners of a deployment are told alike.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The registry that holds the images, such as `mine.azurecr.io`.
    pub registry: String,
    /// The runner group of profiles that name none.
    pub group: String,
    /// The globs of the allowed repositories, with commas between them; empty for all.
    pub allowed_repositories: String,
    /// How long a job may run, in hours.
    pub max_job_hours: u32,
}

/// A task to be added to Batch: a container that serves one job.
#[derive(Clone, Debug)]
pub struct RunnerTask {
    /// The task's id, and the runner's name.
    pub id: TaskId,
    /// The image with its registry.
    pub image: String,
    /// Options for the container's creation.
    pub container_run_options: String,
    /// The task slots that it takes.
    pub slots: u32,
    /// How long it may run, in hours.
    pub max_hours: u32,
    /// Its environment, in a fixed order.
    pub environment: Vec<(&'static str, Secret)>,
}

impl RunnerTask {
    /// Describes the task of a request.
    ///
    /// `runner_url` is the page of the repository, organization or enterprise that the runner joins.
    pub fn describe(
        id: TaskId,
        request: &RunnerRequest,
        profile: &Profile,
        surroundings: &Surroundings,
        runner_url: &str,
        credential: &Credential,
    ) -> Self {
        let mut environment = facts(&id, request, profile, surroundings);
        environment.extend(registration(profile, runner_url, credential));
        Self {
            id,
            image: format!("{}/{}", surroundings.registry, profile.image),
            container_run_options: profile.container_run_options.clone(),
            slots: profile.slots,
            max_hours: surroundings.max_job_hours,
            environment,
        }
    }
}

/// What a claim needs to know of the task, and what it takes to ask for the runner again.
fn facts(
    id: &TaskId,
    request: &RunnerRequest,
    profile: &Profile,
    surroundings: &Surroundings,
) -> Vec<(&'static str, Secret)> {
    let group = profile.group.as_ref().unwrap_or(&surroundings.group);
    vec![
        ("RUNNER_NAME", Secret::new(id.to_string())),
        ("RUNNER_GROUP", Secret::new(group)),
        ("RUNNER_JOB_ID", Secret::new(request.job.to_string())),
        ("RUNNER_RUN_ID", Secret::new(request.run.to_string())),
        ("RUNNER_REPOSITORY", Secret::new(request.repository.to_string())),
        ("RUNNER_PROFILE", Secret::new(&profile.name)),
        ("RUNNER_ALLOWED_REPOSITORIES", Secret::new(&surroundings.allowed_repositories)),
    ]
}

fn registration(
    profile: &Profile,
    runner_url: &str,
    credential: &Credential,
) -> Vec<(&'static str, Secret)> {
    let labels = profile.labels.join(",");
    match credential {
        Credential::Claim { url, ticket } => vec![
            ("RUNNER_URL", Secret::new(runner_url)),
            ("RUNNER_LABELS", Secret::new(labels)),
            ("RUNNER_CLAIM_URL", Secret::new(url)),
            ("RUNNER_CLAIM_TICKET", ticket.clone()),
        ],
        // The names that the images of the article read, so that these run unmodified.
        Credential::Token { token, expires_at } => vec![
            ("ActionsRunner_URL", Secret::new(runner_url)),
            ("ActionsRunner_TOKEN", token.clone()),
            ("ActionsRunner_LABELS", Secret::new(labels)),
            ("ActionsRunner_DISPOSE", Secret::new("true")),
            (
                "RUNNER_TOKEN_EXPIRES_AT",
                Secret::new(expires_at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::default_profiles;
    use crate::repository::Repository;

    #[test]
    fn only_names_that_we_would_write_are_ours() {
        let gh: DeploymentName = "gh".parse().expect("a name");
        assert_eq!(gh.task(123, 1).to_string(), "gh-123");
        assert_eq!(gh.task(123, 2).to_string(), "gh-123-2");
        for ours in ["gh-123", "gh-123-2"] {
            assert_eq!(gh.read(ours).map(|id| id.to_string()).as_deref(), Some(ours));
        }
        for foreign in [
            "gha-123",
            "gh123",
            "gh-",
            "gh-0123",
            "gh-+1",
            "gh-123-1",
            "gh-123-x",
            "GitHub Actions 5",
            "",
        ] {
            assert_eq!(gh.read(foreign), None, "{foreign}");
        }
        assert!("Gh".parse::<DeploymentName>().is_err() && "".parse::<DeploymentName>().is_err());
    }

    fn environment(credential: &Credential) -> String {
        let request = RunnerRequest {
            job: 123,
            run: 45,
            repository: Repository::try_from("octo/app").expect("a name"),
            profile: "ubuntu".to_owned(),
            generation: 1,
            replacement: 1,
            requested_at: DateTime::UNIX_EPOCH,
        };
        let surroundings = Surroundings {
            registry: "mine.azurecr.io".to_owned(),
            group: "Default".to_owned(),
            allowed_repositories: "octo/*".to_owned(),
            max_job_hours: 24,
        };
        let profile = &default_profiles("ubuntu", "windows")[0];
        let id = "gh".parse::<DeploymentName>().expect("a name").task(123, 1);
        let task = RunnerTask::describe(
            id,
            &request,
            profile,
            &surroundings,
            "https://github.com/octo/app",
            credential,
        );
        let line = |(name, value): &(&str, Secret)| format!("{name}={}", value.expose());
        let lines: Vec<String> = task.environment.iter().map(line).collect();
        format!("{}\n{}", task.image, lines.join("\n"))
    }

    #[test]
    fn a_task_that_claims_carries_a_ticket_and_no_credential() {
        let ticket = Secret::new("1.e30.sig");
        let claim = Credential::Claim { url: "https://f/api/ClaimRunner".to_owned(), ticket };
        insta::assert_snapshot!(environment(&claim), @r"
        mine.azurecr.io/githubactions-runner:ubuntu-24.04
        RUNNER_NAME=gh-123
        RUNNER_GROUP=Default
        RUNNER_JOB_ID=123
        RUNNER_RUN_ID=45
        RUNNER_REPOSITORY=octo/app
        RUNNER_PROFILE=ubuntu
        RUNNER_ALLOWED_REPOSITORIES=octo/*
        RUNNER_URL=https://github.com/octo/app
        RUNNER_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
        RUNNER_CLAIM_URL=https://f/api/ClaimRunner
        RUNNER_CLAIM_TICKET=1.e30.sig
        ");
    }

    #[test]
    fn a_task_with_a_token_speaks_the_names_of_the_articles_images() {
        let token =
            Credential::Token { token: Secret::new("AABBCC"), expires_at: DateTime::UNIX_EPOCH };
        insta::assert_snapshot!(environment(&token), @r"
        mine.azurecr.io/githubactions-runner:ubuntu-24.04
        RUNNER_NAME=gh-123
        RUNNER_GROUP=Default
        RUNNER_JOB_ID=123
        RUNNER_RUN_ID=45
        RUNNER_REPOSITORY=octo/app
        RUNNER_PROFILE=ubuntu
        RUNNER_ALLOWED_REPOSITORIES=octo/*
        ActionsRunner_URL=https://github.com/octo/app
        ActionsRunner_TOKEN=AABBCC
        ActionsRunner_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
        ActionsRunner_DISPOSE=true
        RUNNER_TOKEN_EXPIRES_AT=1970-01-01T00:00:00Z
        ");
    }
}
