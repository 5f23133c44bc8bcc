//! The Batch task of a runner: its id, its command, and its environment variables.

use chrono::{DateTime, TimeDelta, Utc};

use crate::message::{MAX_WAIT, RunnerRequest};
use crate::profiles::{Launch, Profile};
use crate::secret::Secret;

mod id;
mod environment;

pub use id::{DeploymentName, TaskId, run_name};

/// The credential with which a runner registers.
#[derive(Clone, Debug)]
pub enum Credential {
    /// It claims a just-in-time configuration when it starts.
    Claim {
        /// The URL of ClaimRunner.
        url: String,
        /// The ticket of this task.
        ticket: Secret,
    },
    /// It has a registration token, for pools that cannot reach ClaimRunner.
    Token {
        /// The registration token.
        token: Secret,
        /// When the token expires.
        expires_at: DateTime<Utc>,
    },
}

/// The settings that all runners of a deployment share.
#[derive(Clone, Debug)]
pub struct RunnerEnvironment {
    /// The registry of the images, such as `mine.azurecr.io`.
    pub registry: String,
    /// The runner group of profiles that specify none.
    pub group: String,
    /// The globs of the allowed repositories, separated by commas; empty for all.
    pub allowed_repositories: String,
    /// Maximum duration of a job, in hours.
    pub max_job_hours: u32,
    /// How the runners reach the internet.
    pub network: Network,
}

impl RunnerEnvironment {
    /// Returns how long a task can exist before it has ended: it waits for a day at most, then runs.
    pub fn max_lifetime(&self) -> TimeDelta {
        MAX_WAIT + TimeDelta::hours(self.max_job_hours.into())
    }
}

/// How runners reach the internet. If empty, the pool's network decides.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The URL of the proxy for https.
    pub https_proxy: Option<String>,
    /// The hosts that are reached without the proxy, separated by commas.
    pub no_proxy: String,
    /// PEM certificates that are trusted in addition to those of the image.
    pub extra_ca_certificates: Option<String>,
}

/// A task to be added to Batch. It runs one container, which serves one job.
#[derive(Clone, Debug)]
pub struct RunnerTask {
    /// The task's id, and the runner's name.
    pub id: TaskId,
    /// How its container is started.
    pub start: Start,
    /// The number of task slots that it occupies.
    pub slots: u32,
    /// Its maximum duration, in hours.
    pub max_hours: u32,
    /// Its environment, in a fixed order.
    pub environment: Vec<(&'static str, Secret)>,
}

/// How the container of a task is started.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// Batch starts the image with its entrypoint, on a pool with a container configuration.
    Container {
        /// The image, including its registry.
        image: String,
        /// Options of `docker create`.
        run_options: String,
    },
    /// On a pool without a container configuration, an ordinary task runs the launch script that the pool's start
    /// task has installed on the node.
    Script {
        /// The command line. It is constant, so that no part of a request can become a word of it.
        command_line: &'static str,
    },
}

/// Batch starts no shell, and only a shell can expand the variable that contains the node's directory.
const LAUNCH_ON_LINUX: &str = r#"/bin/bash -c 'exec "$AZ_BATCH_NODE_SHARED_DIR/mayfly/launch.sh"'"#;
const LAUNCH_ON_WINDOWS: &str = concat!(
    "cmd /c powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass ",
    r"-File %AZ_BATCH_NODE_SHARED_DIR%\mayfly\launch.ps1",
);

impl RunnerTask {
    /// Describes the task of an agent of Azure Pipelines.
    ///
    /// Its variables have the names of a runner's task, so that launch scripts and claims are the same.
    pub fn describe_agent(
        id: TaskId,
        profile: &Profile,
        runner_environment: &RunnerEnvironment,
        (claim_url, ticket): (&str, &Secret),
    ) -> Self {
        let variables = vec![
            ("RUNNER_NAME", Secret::new(id.to_string())),
            ("RUNNER_PROFILE", Secret::new(&profile.name)),
            ("RUNNER_MAX_JOB_HOURS", Secret::new(runner_environment.max_job_hours.to_string())),
            ("RUNNER_CLAIM_URL", Secret::new(claim_url)),
            ("RUNNER_CLAIM_TICKET", ticket.clone()),
        ];
        Self::with(id, profile, runner_environment, variables)
    }

    /// Describes the task of a request.
    ///
    /// `runner_url` is the web page of the repository, organization or enterprise where the runner registers.
    pub fn describe(
        id: TaskId,
        request: &RunnerRequest,
        profile: &Profile,
        runner_environment: &RunnerEnvironment,
        runner_url: &str,
        credential: &Credential,
    ) -> Self {
        let mut variables = environment::identity(&id, request, profile, runner_environment);
        variables.extend(environment::registration(profile, runner_url, credential));
        Self::with(id, profile, runner_environment, variables)
    }

    /// Describes a task with the variables of its service.
    fn with(
        id: TaskId,
        profile: &Profile,
        runner_environment: &RunnerEnvironment,
        mut variables: Vec<(&'static str, Secret)>,
    ) -> Self {
        variables.extend(environment::network(&runner_environment.network));
        if profile.launch == Launch::DockerRun {
            variables.extend(environment::container(profile, runner_environment));
        }
        Self {
            id,
            start: start(profile, runner_environment),
            slots: profile.slots,
            max_hours: runner_environment.max_job_hours,
            environment: variables,
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
mod tests;
