//! The end of `mayfly local`: running jobs finish, and nothing stays registered at GitHub.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::Context;
use emulator_core::signals::EndSignals;
use handler::batch::{Batch, ListedTask, TaskState};
use handler::batch_job::BatchJobId;
use handler::clock::Clock;
use handler::storage::{Claims, Minted};
use handler::transport::{HttpTransport, http_client};
use local_deployment::LocalDeployment;

use super::POOL;
use super::github::{GithubAccess, Registration};
use crate::client::read_settings;
use crate::print;

/// The time between two looks at the running tasks.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often a registration is tried to be removed: GitHub needs some seconds to see that a job has ended.
const REMOVALS: u32 = 10;

/// The end of a deployment whose handler has stopped, so that nothing is registered any more.
pub(super) struct Drain<'a> {
    deployment: &'a LocalDeployment,
    github: GithubAccess,
    batch: Batch,
    claims: Claims,
}

/// What became of the runners.
#[derive(Debug, Default)]
pub(super) struct Drained {
    /// The number of jobs that a signal has interrupted.
    pub(super) interrupted: u32,
    /// The names of the runners that stay registered.
    pub(super) left: Vec<String>,
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jobs interrupted: {}", self.interrupted)?;
        match self.left.is_empty() {
            true => write!(f, "; no runner stays registered"),
            false => write!(
                f,
                "; still registered, until GitHub notices that they are gone: {}",
                self.left.join(", ")
            ),
        }
    }
}

impl<'a> Drain<'a> {
    pub(super) fn new(
        deployment: &'a LocalDeployment,
        github: GithubAccess,
    ) -> anyhow::Result<Self> {
        let settings = read_settings(&deployment.settings)?;
        let transport = HttpTransport::http(http_client(None).context("create an HTTP client")?);
        let batch = Batch::new(&settings.batch, None, &transport, Clock::system());
        let claims = Claims::new(settings.storage.state, None, &transport);
        Ok(Self { deployment, github, batch, claims })
    }

    /// Ends the deployment; the next signal ends the jobs that still run.
    pub(super) async fn run(&self, signals: &mut EndSignals) -> anyhow::Result<Drained> {
        self.deployment.batch.emulator.hold_scheduling(POOL).context("stop the pool")?;
        // The handler would replace the runners that are removed. Its invocations in work may take 30 s.
        self.deployment.functions.emulator.shutdown().await;
        let mut drained = Drained::default();
        while let running @ 1.. = self.release_idle().await? {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                signal = signals.next(), if drained.interrupted == 0 => {
                    print(format_args!("{signal}: ending {running} runners"));
                    drained.interrupted = self.terminate_all().await?;
                }
            }
        }
        drained.left = self.remove_registrations().await?;
        Ok(drained)
    }

    /// Terminates the runners that have no job. Returns the number of those that run.
    async fn release_idle(&self) -> anyhow::Result<usize> {
        let (running, minted) = (self.running().await?, self.minted().await?);
        for (job, task) in &running {
            let has_ended = match minted.get(&task.id) {
                // It has not claimed, and cannot claim any more.
                None => true,
                Some(minted) => self.release(&task.id, minted).await == Registration::Removed,
            };
            if has_ended {
                self.batch.terminate(job, &task.id).await?;
            }
        }
        Ok(running.len())
    }

    async fn terminate_all(&self) -> anyhow::Result<u32> {
        let mut ended = 0;
        for (job, task) in self.running().await? {
            self.batch.terminate(&job, &task.id).await?;
            ended += 1;
        }
        Ok(ended)
    }

    /// Removes a runner that has no job. If GitHub does not respond, it counts as busy.
    async fn release(&self, task: &str, minted: &Minted) -> Registration {
        self.github.release(task, minted).await.unwrap_or_else(|err| {
            tracing::warn!("failed to remove runner {task}, trying again: {err:#}");
            Registration::Busy
        })
    }

    /// Removes the registrations of all runners, which have ended. Returns the names of those that stay.
    async fn remove_registrations(&self) -> anyhow::Result<Vec<String>> {
        let mut left = self.minted().await?;
        for attempt in 1..=REMOVALS {
            let mut busy = BTreeMap::new();
            for (task, minted) in left {
                if self.release(&task, &minted).await == Registration::Busy {
                    busy.insert(task, minted);
                }
            }
            left = busy;
            if left.is_empty() {
                break;
            }
            if attempt < REMOVALS {
                tokio::time::sleep(INTERVAL).await;
            }
        }
        Ok(left.into_keys().collect())
    }

    async fn running(&self) -> anyhow::Result<Vec<(BatchJobId, ListedTask)>> {
        let mut running = Vec::new();
        for (job, _) in self.batch.jobs().await? {
            let tasks = self.batch.live_tasks(&job).await?;
            let tasks = tasks.into_iter().filter(|task| task.state == TaskState::Running);
            running.extend(tasks.map(|task| (job.clone(), task)));
        }
        Ok(running)
    }

    /// Returns the runner of each task that has registered one.
    async fn minted(&self) -> anyhow::Result<BTreeMap<String, Minted>> {
        let claims = self.claims.list().await?;
        Ok(claims.into_iter().filter_map(|claim| Some((claim.task, claim.minted?))).collect())
    }
}
