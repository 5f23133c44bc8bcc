//! Registers runners: just-in-time configurations and registration tokens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Github, GithubError};
use crate::assignment::{Connection, RegisteredRunner};
use crate::json::JsonFault;
use crate::repository::Repository;
use crate::scope::Level;
use crate::secret::Secret;

const FIND_RUNNER: &str = "looking a runner up by name";

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

/// A runner with its one-time configuration.
#[derive(Clone, Debug)]
pub struct JitRunner {
    /// The id that GitHub gave to it.
    pub id: u64,
    /// The configuration with which the runner can start once.
    pub configuration: Secret,
}

/// A registered runner.
/// <https://docs.github.com/en/rest/actions/self-hosted-runners#list-self-hosted-runners-for-a-repository>
#[derive(Debug, Deserialize)]
struct ExistingRunner {
    id: u64,
    status: String,
    busy: bool,
    ephemeral: Option<bool>,
    /// Set when it connects for the first time.
    version: Option<String>,
}

#[derive(Deserialize)]
struct RunnersBody {
    runners: Vec<Value>,
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
    runner: CreatedRunner,
    encoded_jit_config: String,
}

#[derive(Deserialize)]
struct CreatedRunner {
    id: u64,
}

#[derive(Deserialize)]
struct TokenBody {
    token: String,
    expires_at: DateTime<Utc>,
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

impl From<ExistingRunner> for RegisteredRunner {
    fn from(runner: ExistingRunner) -> Self {
        let connected = runner.version.is_some_and(|version| !version.is_empty());
        let connection = match runner.busy {
            true => Connection::Busy,
            false if runner.status == "online" => Connection::Idle,
            false if connected => Connection::Lost,
            false => Connection::Never,
        };
        Self { id: runner.id, ephemeral: runner.ephemeral, connection }
    }
}

impl From<Connection> for Presence {
    fn from(connection: Connection) -> Self {
        match connection {
            Connection::Busy => Self::Busy,
            Connection::Idle => Self::Idle,
            Connection::Lost | Connection::Never => Self::Offline,
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
        let created = self.register_by("creating a registration token", &path, None::<&()>).await;
        let body: TokenBody = created.map_err(GithubError::hidden)?;
        Ok(RegistrationToken { token: Secret::new(body.token), expires_at: body.expires_at })
    }

    /// Registers a runner, and returns it with the configuration with which it starts.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository>
    ///
    /// # Errors
    /// [`GithubError::Conflict`] if the name is in use: by the runner of an earlier request whose response was lost, or
    /// by a foreign one.
    pub async fn register(
        &self,
        repository: &Repository,
        runner: &RunnerToRegister<'_>,
    ) -> Result<JitRunner, GithubError> {
        let request = JitRequest {
            name: runner.name,
            runner_group_id: runner.group,
            labels: runner.labels,
            work_folder: "_work",
        };
        let path = self.runners_path(repository, "/generate-jitconfig");
        let registered = self.register_by("registering a runner", &path, Some(&request)).await;
        let body: JitBody = registered.map_err(GithubError::hidden)?;
        Ok(JitRunner { id: body.runner.id, configuration: Secret::new(body.encoded_jit_config) })
    }

    /// Removes a runner that has not started or is offline. Returns `false` if it has got a job meanwhile and stays.
    pub async fn remove_unused(&self, level: &Level, runner: u64) -> Result<bool, GithubError> {
        let path = format!("{level}/actions/runners/{runner}");
        match self.delete("deleting a runner that never started", &path).await {
            Ok(()) | Err(GithubError::NotFound { .. }) => Ok(true),
            Err(GithubError::Unprocessable { .. }) => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// Returns the state of the runner of this name at a level.
    pub async fn presence(&self, level: &Level, name: &str) -> Result<Presence, GithubError> {
        let existing = self.runner_named(level, name).await?;
        Ok(existing.map_or(Presence::Absent, |runner| runner.connection.into()))
    }

    /// Returns the runner of this name that is registered at a level.
    pub async fn runner_named(
        &self,
        level: &Level,
        name: &str,
    ) -> Result<Option<RegisteredRunner>, GithubError> {
        let path = format!("{level}/actions/runners");
        let query = [("name", name), ("per_page", "100")];
        let found = self.get(FIND_RUNNER, &path, &query).await;
        let found: RunnersBody = found.map_err(GithubError::hidden)?;
        // A runner without a readable name may be the one, and hides no other.
        let may_be_it = |runner: &Value| runner["name"].as_str().is_none_or(|own| own == name);
        let named = found.runners.into_iter().filter(may_be_it).map(serde_json::from_value);
        let named: Result<Vec<ExistingRunner>, _> = named.collect();
        let named = named.map_err(|err| GithubError::Unavailable {
            call: FIND_RUNNER,
            fault: JsonFault::from(err).to_string(),
        })?;
        Ok(named.into_iter().next().map(RegisteredRunner::from))
    }

    pub(super) fn runners_path(&self, repository: &Repository, rest: &str) -> String {
        format!("{}/actions/runners{rest}", self.scope.api_path(repository))
    }
}
