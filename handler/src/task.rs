//! The Batch task of a runner: its id, how it starts, and what it is told.

use chrono::{DateTime, TimeDelta, Utc};

use crate::message::{MAX_WAIT, RunnerRequest};
use crate::profiles::{Launch, Profile};
use crate::secret::Secret;

mod id;
mod environment;

pub use id::{DeploymentName, TaskId};

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
pub struct RunnerEnvironment {
    /// The registry that holds the images, such as `mine.azurecr.io`.
    pub registry: String,
    /// The runner group of profiles that name none.
    pub group: String,
    /// The globs of the allowed repositories, with commas between them; empty for all.
    pub allowed_repositories: String,
    /// How long a job may run, in hours.
    pub max_job_hours: u32,
    /// How the outside is reached.
    pub network: Network,
}

impl RunnerEnvironment {
    /// Tells how long a task may matter: it waits for a day at most, then runs.
    pub fn max_lifetime(&self) -> TimeDelta {
        MAX_WAIT + TimeDelta::hours(self.max_job_hours.into())
    }
}

/// How runners reach the outside. An empty one leaves that to the pool.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The proxy for https.
    pub https_proxy: Option<String>,
    /// The hosts that are reached without it, with commas between them.
    pub no_proxy: String,
    /// PEM certificates that are trusted besides those of the image.
    pub extra_ca_certificates: Option<String>,
}

/// A task to be added to Batch: a container that serves one job.
#[derive(Clone, Debug)]
pub struct RunnerTask {
    /// The task's id, and the runner's name.
    pub id: TaskId,
    /// How its container comes to run.
    pub start: Start,
    /// The task slots that it takes.
    pub slots: u32,
    /// How long it may run, in hours.
    pub max_hours: u32,
    /// Its environment, in a fixed order.
    pub environment: Vec<(&'static str, Secret)>,
}

/// How the container of a task comes to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// Batch starts the image with its entrypoint, on a pool with a container configuration.
    Container {
        /// The image with its registry.
        image: String,
        /// Options for the container's creation.
        run_options: String,
    },
    /// An ordinary task of a pool without one calls the launch script that the pool's start task has left
    /// on the node.
    Script {
        /// The command line: fixed, so that nothing of a request can be a word of it.
        command_line: &'static str,
    },
}

/// Batch runs no shell, and only a shell knows the folder of the node.
const LAUNCH_ON_LINUX: &str = r#"/bin/bash -c 'exec "$AZ_BATCH_NODE_SHARED_DIR/mayfly/launch.sh"'"#;
const LAUNCH_ON_WINDOWS: &str = concat!(
    "cmd /c powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass ",
    r"-File %AZ_BATCH_NODE_SHARED_DIR%\mayfly\launch.ps1",
);

impl RunnerTask {
    /// Describes the task of a request.
    ///
    /// `runner_url` is the page of the repository, organization or enterprise that the runner joins.
    pub fn describe(
        id: TaskId,
        request: &RunnerRequest,
        profile: &Profile,
        runner_environment: &RunnerEnvironment,
        runner_url: &str,
        credential: &Credential,
    ) -> Self {
        let mut told = environment::facts(&id, request, profile, runner_environment);
        told.extend(environment::registration(profile, runner_url, credential));
        told.extend(environment::network(&runner_environment.network));
        if profile.launch == Launch::DockerRun {
            told.extend(environment::container(profile, runner_environment));
        }
        Self {
            id,
            start: start(profile, runner_environment),
            slots: profile.slots,
            max_hours: runner_environment.max_job_hours,
            environment: told,
        }
    }
}

fn start(profile: &Profile, runner_environment: &RunnerEnvironment) -> Start {
    match profile.launch {
        Launch::Container => Start::Container {
            image: environment::image(profile, runner_environment),
            run_options: profile.run_options(),
        },
        Launch::DockerRun if profile.is_windows() => {
            Start::Script { command_line: LAUNCH_ON_WINDOWS }
        }
        Launch::DockerRun => Start::Script { command_line: LAUNCH_ON_LINUX },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::default_profiles;
    use crate::repository::Repository;

    fn task(profile: &Profile, credential: &Credential) -> String {
        let request = RunnerRequest {
            job: 123,
            run: 45,
            repository: Repository::try_from("octo/app").expect("a name"),
            profile: "ubuntu".to_owned(),
            pinned: Vec::new(),
            generation: 1,
            replacement: 1,
            requested_at: DateTime::UNIX_EPOCH,
        };
        let runner_environment = RunnerEnvironment {
            registry: "mine.azurecr.io".to_owned(),
            group: "Default".to_owned(),
            allowed_repositories: "octo/*".to_owned(),
            max_job_hours: 24,
            network: Network::default(),
        };
        let id = "gh".parse::<DeploymentName>().expect("a name").task(123, 1);
        let task = RunnerTask::describe(
            id,
            &request,
            profile,
            &runner_environment,
            "https://github.com/octo/app",
            credential,
        );
        let line = |(name, value): &(&str, Secret)| format!("{name}={}", value.expose());
        let lines: Vec<String> = task.environment.iter().map(line).collect();
        format!("{:?}\n{}", task.start, lines.join("\n"))
    }

    fn claim() -> Credential {
        let ticket = Secret::new("1.e30.sig");
        Credential::Claim { url: "https://f/api/ClaimRunner".to_owned(), ticket }
    }

    #[test]
    fn a_task_that_claims_carries_a_ticket_and_no_credential() {
        let ubuntu = &default_profiles("ubuntu", "windows")[0];
        insta::assert_snapshot!(task(ubuntu, &claim()), @r#"
        Container { image: "mine.azurecr.io/githubactions-runner:ubuntu-24.04-2.338.0", run_options: "--user 1001 --stop-timeout 30" }
        RUNNER_NAME=gh-123
        RUNNER_GROUP=Default
        RUNNER_JOB_ID=123
        RUNNER_RUN_ID=45
        RUNNER_REPOSITORY=octo/app
        RUNNER_PROFILE=ubuntu
        RUNNER_ALLOWED_REPOSITORIES=octo/*
        RUNNER_MAX_JOB_HOURS=24
        RUNNER_URL=https://github.com/octo/app
        RUNNER_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
        RUNNER_CLAIM_URL=https://f/api/ClaimRunner
        RUNNER_CLAIM_TICKET=1.e30.sig
        "#);
    }

    #[test]
    fn a_task_with_a_token_speaks_the_names_of_the_articles_images() {
        let token =
            Credential::Token { token: Secret::new("AABBCC"), expires_at: DateTime::UNIX_EPOCH };
        let ubuntu = &default_profiles("ubuntu", "windows")[0];
        insta::assert_snapshot!(task(ubuntu, &token), @r#"
        Container { image: "mine.azurecr.io/githubactions-runner:ubuntu-24.04-2.338.0", run_options: "--user 1001 --stop-timeout 30" }
        RUNNER_NAME=gh-123
        RUNNER_GROUP=Default
        RUNNER_JOB_ID=123
        RUNNER_RUN_ID=45
        RUNNER_REPOSITORY=octo/app
        RUNNER_PROFILE=ubuntu
        RUNNER_ALLOWED_REPOSITORIES=octo/*
        RUNNER_MAX_JOB_HOURS=24
        ActionsRunner_URL=https://github.com/octo/app
        ActionsRunner_TOKEN=AABBCC
        ActionsRunner_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
        ActionsRunner_DISPOSE=true
        RUNNER_TOKEN_EXPIRES_AT=1970-01-01T00:00:00Z
        "#);
    }

    #[test]
    fn a_task_of_a_windows_node_starts_its_container_by_a_script() {
        let windows = &default_profiles("ubuntu", "windows")[2];
        insta::assert_snapshot!(task(windows, &claim()), @r#"
        Script { command_line: "cmd /c powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File %AZ_BATCH_NODE_SHARED_DIR%\\mayfly\\launch.ps1" }
        RUNNER_NAME=gh-123
        RUNNER_GROUP=Default
        RUNNER_JOB_ID=123
        RUNNER_RUN_ID=45
        RUNNER_REPOSITORY=octo/app
        RUNNER_PROFILE=windows
        RUNNER_ALLOWED_REPOSITORIES=octo/*
        RUNNER_MAX_JOB_HOURS=24
        RUNNER_URL=https://github.com/octo/app
        RUNNER_LABELS=self-hosted,windows,x64,windows-2022,windows-latest
        RUNNER_CLAIM_URL=https://f/api/ClaimRunner
        RUNNER_CLAIM_TICKET=1.e30.sig
        RUNNER_IMAGE=mine.azurecr.io/githubactions-runner:windows-ltsc2022-2.338.0
        RUNNER_CONTAINER_RUN_OPTIONS=
        RUNNER_REGISTRY=mine.azurecr.io
        "#);
    }

    #[test]
    fn no_profile_or_payload_is_a_word_of_a_command_line() {
        let mut odd = default_profiles("ubuntu", "windows")[0].clone();
        odd.launch = Launch::DockerRun;
        odd.image = "a; rm -rf /".to_owned();
        odd.container_run_options = "--memory=4g".to_owned();
        insta::assert_snapshot!(task(&odd, &claim()), @r#"
        Script { command_line: "/bin/bash -c 'exec \"$AZ_BATCH_NODE_SHARED_DIR/mayfly/launch.sh\"'" }
        RUNNER_NAME=gh-123
        RUNNER_GROUP=Default
        RUNNER_JOB_ID=123
        RUNNER_RUN_ID=45
        RUNNER_REPOSITORY=octo/app
        RUNNER_PROFILE=ubuntu
        RUNNER_ALLOWED_REPOSITORIES=octo/*
        RUNNER_MAX_JOB_HOURS=24
        RUNNER_URL=https://github.com/octo/app
        RUNNER_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
        RUNNER_CLAIM_URL=https://f/api/ClaimRunner
        RUNNER_CLAIM_TICKET=1.e30.sig
        RUNNER_IMAGE=mine.azurecr.io/a; rm -rf /
        RUNNER_CONTAINER_RUN_OPTIONS=--user 1001 --stop-timeout 30 --memory=4g
        RUNNER_REGISTRY=mine.azurecr.io
        "#);
    }
}
