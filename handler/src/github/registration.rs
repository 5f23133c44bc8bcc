//! Registers runners: just-in-time configurations and registration tokens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Github, GithubError};
use crate::repository::Repository;
use crate::secret::Secret;

/// A runner to be registered for one job.
#[derive(Clone, Debug)]
pub struct RunnerToRegister<'a> {
    /// Its name, which is the id of its task.
    pub name: &'a str,
    /// The labels of its profile.
    pub labels: &'a [String],
    /// The id of its runner group.
    pub group: u64,
}

/// A token with which a runner registers itself.
#[derive(Clone, Debug)]
pub struct RegistrationToken {
    /// The token.
    pub token: Secret,
    /// When it expires: one hour after its creation.
    pub expires_at: DateTime<Utc>,
}

/// A registered runner that has the name of the one to register.
#[derive(Debug, Deserialize)]
struct ExistingRunner {
    id: u64,
    name: String,
    status: String,
    busy: bool,
    /// Set when it connects for the first time.
    version: Option<String>,
}

#[derive(Deserialize)]
struct RunnersBody {
    runners: Vec<ExistingRunner>,
}

#[derive(Serialize)]
struct JitRequest<'a> {
    name: &'a str,
    runner_group_id: u64,
    labels: &'a [String],
    work_folder: &'static str,
}

#[derive(Deserialize)]
struct JitBody {
    encoded_jit_config: String,
}

#[derive(Deserialize)]
struct TokenBody {
    token: String,
    expires_at: DateTime<Utc>,
}

/// The outcome of a registration.
#[derive(Debug)]
pub enum Registered {
    /// The configuration with which the runner can start once.
    Jit(Secret),
    /// A runner of this name has a job, so this task has been served.
    Busy,
    /// A runner of this name waits for a job. Retry when it has one or was removed.
    Idle,
}

/// The state of a runner, by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    /// It has a job.
    Busy,
    /// It is connected, and waits for a job.
    Idle,
    /// It is registered, but has never connected or is offline.
    Offline,
    /// It is not registered.
    Absent,
}

impl ExistingRunner {
    fn presence(&self) -> Presence {
        let connected = self.version.as_ref().is_some_and(|version| !version.is_empty());
        match self.busy {
            true => Presence::Busy,
            false if connected && self.status == "online" => Presence::Idle,
            false => Presence::Offline,
        }
    }
}

impl Github {
    /// Creates a registration token for a repository's runners.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#create-a-registration-token-for-a-repository>
    pub async fn registration_token(
        &self,
        repository: &Repository,
    ) -> Result<RegistrationToken, GithubError> {
        let path = self.runners_path(repository, "/registration-token");
        let body: TokenBody =
            self.register_by("creating a registration token", &path, None::<&()>).await?;
        Ok(RegistrationToken { token: Secret::new(body.token), expires_at: body.expires_at })
    }

    /// Registers a runner, and returns the configuration with which it starts.
    ///
    /// If the name is in use, the response to an earlier request was probably lost. A registration that has never
    /// connected, or is offline, is deleted and created again.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository>
    pub async fn register(
        &self,
        repository: &Repository,
        runner: &RunnerToRegister<'_>,
    ) -> Result<Registered, GithubError> {
        match self.jit_configuration(repository, runner).await {
            Err(GithubError::Conflict { .. }) => {}
            created => return created.map(Registered::Jit),
        }
        let Some(existing) = self.existing_runner(repository, runner.name).await? else {
            // It was removed meanwhile; the next try can use the name.
            return Ok(Registered::Idle);
        };
        match existing.presence() {
            Presence::Busy => return Ok(Registered::Busy),
            Presence::Idle => return Ok(Registered::Idle),
            Presence::Offline | Presence::Absent => {}
        }
        let path = self.runners_path(repository, &format!("/{}", existing.id));
        match self.delete("deleting a runner that never started", &path).await {
            Ok(()) | Err(GithubError::NotFound { .. }) => {}
            // It got a job meanwhile.
            Err(GithubError::Unprocessable { .. }) => return Ok(Registered::Busy),
            Err(err) => return Err(err),
        }
        self.jit_configuration(repository, runner).await.map(Registered::Jit)
    }

    async fn jit_configuration(
        &self,
        repository: &Repository,
        runner: &RunnerToRegister<'_>,
    ) -> Result<Secret, GithubError> {
        let request = JitRequest {
            name: runner.name,
            runner_group_id: runner.group,
            labels: runner.labels,
            work_folder: "_work",
        };
        let path = self.runners_path(repository, "/generate-jitconfig");
        let body: JitBody = self.register_by("registering a runner", &path, Some(&request)).await?;
        Ok(Secret::new(body.encoded_jit_config))
    }

    /// Returns the state of the runner of this name.
    pub async fn presence(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<Presence, GithubError> {
        let existing = self.existing_runner(repository, name).await?;
        Ok(existing.map_or(Presence::Absent, |runner| runner.presence()))
    }

    async fn existing_runner(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<Option<ExistingRunner>, GithubError> {
        let path = self.runners_path(repository, "");
        let query = [("name", name), ("per_page", "100")];
        let found: RunnersBody = self.get("looking a runner up by name", &path, &query).await?;
        Ok(found.runners.into_iter().find(|runner| runner.name == name))
    }

    pub(super) fn runners_path(&self, repository: &Repository, rest: &str) -> String {
        format!("{}/actions/runners{rest}", self.scope.api_path(repository))
    }
}
