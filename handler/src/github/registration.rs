//! Registration of runners: just-in-time configurations, tokens, and what stands in their way.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Github, GithubError};
use crate::repository::Repository;
use crate::secret::Secret;

/// A runner to be registered for one job.
#[derive(Clone, Debug)]
pub struct RunnerToRegister<'a> {
    /// The name: that of its task.
    pub name: &'a str,
    /// The labels of its profile.
    pub labels: &'a [String],
    /// The number of its runner group.
    pub group: u64,
}

/// A token with which runners register themselves.
#[derive(Clone, Debug)]
pub struct RegistrationToken {
    /// The token.
    pub token: Secret,
    /// When it ends: one hour after it was made.
    pub expires_at: DateTime<Utc>,
}

/// A runner that has the name that we asked for.
#[derive(Debug, Deserialize)]
struct Namesake {
    id: u64,
    name: String,
    status: String,
    busy: bool,
    /// Set when it connects for the first time.
    version: Option<String>,
}

#[derive(Deserialize)]
struct Namesakes {
    runners: Vec<Namesake>,
}

#[derive(Serialize)]
struct JitRequest<'a> {
    name: &'a str,
    runner_group_id: u64,
    labels: &'a [String],
    work_folder: &'static str,
}

#[derive(Deserialize)]
struct JitAnswer {
    encoded_jit_config: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: String,
    expires_at: DateTime<Utc>,
}

/// What became of a registration.
#[derive(Debug)]
pub enum Registered {
    /// The configuration with which the runner starts, once.
    Jit(Secret),
    /// A runner of this name is at work: this one has been served.
    Busy,
    /// A runner of this name waits for a job; ask again when it has one or is gone.
    Idle,
}

/// What a runner of a name does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    /// It has a job.
    Busy,
    /// It is connected, and waits for a job.
    Idle,
    /// It is registered, and never connected or is offline.
    Offline,
    /// It is not registered.
    Absent,
}

impl Namesake {
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
    /// Obtains a registration token for a repository's runners.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#create-a-registration-token-for-a-repository>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn registration_token(
        &self,
        repository: &Repository,
    ) -> Result<RegistrationToken, GithubError> {
        let path = self.runners_path(repository, "/registration-token");
        let answer: TokenAnswer =
            self.register_by("obtaining a registration token", &path, None::<&()>).await?;
        Ok(RegistrationToken { token: Secret::new(answer.token), expires_at: answer.expires_at })
    }

    /// Registers a runner and obtains the configuration with which it starts.
    ///
    /// A name that is taken is normally our own lost answer: a registration that never connected, or is
    /// offline, is deleted and made anew.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn register(
        &self,
        repository: &Repository,
        runner: &RunnerToRegister<'_>,
    ) -> Result<Registered, GithubError> {
        match self.jit_configuration(repository, runner).await {
            Err(GithubError::Conflict { .. }) => {}
            minted => return minted.map(Registered::Jit),
        }
        let Some(namesake) = self.namesake(repository, runner.name).await? else {
            // It went while we looked; the next try finds the name free.
            return Ok(Registered::Idle);
        };
        match namesake.presence() {
            Presence::Busy => return Ok(Registered::Busy),
            Presence::Idle => return Ok(Registered::Idle),
            Presence::Offline | Presence::Absent => {}
        }
        let path = self.runners_path(repository, &format!("/{}", namesake.id));
        match self.delete("deleting a runner that never started", &path).await {
            Ok(()) | Err(GithubError::NotFound { .. }) => {}
            // It got a job in between.
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
        let answer: JitAnswer =
            self.register_by("registering a runner", &path, Some(&request)).await?;
        Ok(Secret::new(answer.encoded_jit_config))
    }

    /// Looks for a registered runner of this name.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn presence(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<Presence, GithubError> {
        let namesake = self.namesake(repository, name).await?;
        Ok(namesake.map_or(Presence::Absent, |namesake| namesake.presence()))
    }

    async fn namesake(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<Option<Namesake>, GithubError> {
        let path = self.runners_path(repository, "");
        let query = [("name", name), ("per_page", "100")];
        let found: Namesakes = self.get("looking a runner up by name", &path, &query).await?;
        Ok(found.runners.into_iter().find(|runner| runner.name == name))
    }

    pub(super) fn runners_path(&self, repository: &Repository, rest: &str) -> String {
        format!("{}/actions/runners{rest}", self.scope.api_path(repository))
    }
}
