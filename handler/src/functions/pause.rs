//! Pauses and resumes profiles: the record first, and then the Batch jobs.
//!
//! A failure after the record leaves the Batch jobs to the next run of reconciliation. Rejected: to enable the Batch jobs
//! before the record of a resumed profile is written. A run in between would disable them again.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use tracing::info;

use crate::app::App;
use crate::batch::JobState;
use crate::batch_job::BatchJobId;
use crate::operation::PauseRequest;
use crate::ordered::InsertEach;
use crate::pauses::{Pause, Pauses, batch_jobs, to_disable};
use crate::reconcile::execute::paused_jobs::disable_or_create;
use crate::replay_plan::{OperateResponse, Skipped};
use crate::storage::{ReadPauses, Written};

/// How often the record is written if another process writes it at the same time.
const MAX_WRITES: usize = 5;

/// The settings have no profile of this name.
#[derive(Debug, thiserror::Error)]
#[error("setting RunnerProfiles has no profile {name:?}: its profiles are {}", profiles.join(", "))]
pub(super) struct NoProfile {
    name: String,
    profiles: Vec<String>,
}

impl App {
    /// Pauses a profile: no further task of it starts, and its running tasks go on. `from` describes the caller.
    ///
    /// # Errors
    /// When the settings have no such profile, or the record could not be written; then nothing was changed.
    pub async fn pause(
        &self,
        request: &PauseRequest,
        from: &str,
    ) -> anyhow::Result<OperateResponse> {
        let _exclusive = self.last_status.invalidate().await;
        let profile = request.profile.as_str();
        self.check_profile(profile)?;
        let who = request.who.clone().unwrap_or_else(|| from.to_owned());
        let listed = self.batch.jobs().await.context("list the Batch jobs")?;
        let pause = Pause {
            at: self.clock.now(),
            who: who.clone(),
            why: request.why.clone(),
            batch_jobs: BTreeSet::new(),
            resumed: None,
        };
        let existing = self.record(&pause, profile, &listed).await.context("record the pause")?;
        let text = match existing.at == pause.at && existing.who == pause.who {
            true => format!(
                "profile {profile} paused: running jobs go on, others wait until it is resumed"
            ),
            false => format!("profile {profile} is already paused {}", existing.description()),
        };
        info!(
            profile,
            who,
            from,
            why = pause.why,
            "pause of profile {profile} by {who} from {from}: {text}"
        );
        let mut skipped = Vec::new();
        for batch_job in batch_jobs(profile, &existing) {
            let disabled = disable_or_create(self, &batch_job).await;
            skipped.extend(disabled.err().map(|err| left(&batch_job, "disables", &err)));
        }
        Ok(OperateResponse { operation: "pause".to_owned(), done: vec![text], skipped })
    }

    /// Writes the record of a pause, unless the profile is paused already; returns the record that stands.
    async fn record(
        &self,
        pause: &Pause,
        profile: &str,
        listed: &[(BatchJobId, JobState)],
    ) -> anyhow::Result<Pause> {
        for _ in 0..MAX_WRITES {
            let (mut pauses, read) = self.read_pauses().await?;
            if let Some(existing) = pauses.paused(profile) {
                return Ok(existing.clone());
            }
            let batch_jobs = to_disable(profile, &pauses.apply(listed.to_vec()));
            let pause = Pause { batch_jobs, ..pause.clone() };
            pauses.pause(profile, pause.clone());
            // A conflict may be this very write, of which the response was lost: the next read shows it.
            if self.pauses.write(&pauses, &read).await? == Written::Done {
                return Ok(pause);
            }
        }
        bail!("write blob paused: other processes write it at the same time; try again")
    }

    /// Resumes a profile: its waiting tasks start. `from` describes the caller.
    ///
    /// # Errors
    /// When the settings have no such profile, or the record could not be written; then nothing was changed.
    pub async fn resume(&self, profile: &str, from: &str) -> anyhow::Result<OperateResponse> {
        let _exclusive = self.last_status.invalidate().await;
        let enabled = self.record_end(profile).await.context("record the end of the pause")?;
        let text = match &enabled {
            Some(_) => format!("profile {profile} resumed"),
            None => format!("profile {profile} is not paused"),
        };
        info!(profile, from, "resumption of profile {profile} from {from}: {text}");
        let mut skipped = Vec::new();
        for batch_job in enabled.into_iter().flatten() {
            let enabled = self.batch.enable_job(&batch_job).await;
            skipped.extend(enabled.err().map(|err| left(&batch_job, "enables", &err.into())));
        }
        Ok(OperateResponse { operation: "resume".to_owned(), done: vec![text], skipped })
    }

    /// Records that a profile is resumed; returns the Batch jobs to enable, or `None` if it is not paused.
    async fn record_end(&self, profile: &str) -> anyhow::Result<Option<Vec<BatchJobId>>> {
        let now = self.clock.now();
        for attempt in 0..MAX_WRITES {
            let (mut pauses, read) = self.read_pauses().await?;
            let Some(enabled) = pauses.resume(profile, now) else {
                let own = pauses.get(profile).filter(|pause| pause.resumed == Some(now));
                if let (1.., Some(own)) = (attempt, own) {
                    return Ok(Some(batch_jobs(profile, own)));
                }
                // The record of a profile that was removed from the settings can be ended too.
                if pauses.get(profile).is_none() {
                    self.check_profile(profile)?;
                }
                return Ok(None);
            };
            if self.pauses.write(&pauses, &read).await? == Written::Done {
                return Ok(Some(enabled));
            }
        }
        bail!("write blob paused: other processes write it at the same time; try again")
    }

    async fn read_pauses(&self) -> anyhow::Result<(Pauses, ReadPauses)> {
        let read = self.pauses.read().await?;
        Ok((read.pauses.clone(), read))
    }

    fn check_profile(&self, name: &str) -> Result<(), NoProfile> {
        let profiles: BTreeSet<&String> =
            self.profiles().map(|profile| &profile.name).insert_each();
        match profiles.iter().any(|profile| *profile == name) {
            true => Ok(()),
            false => Err(NoProfile {
                name: name.to_owned(),
                profiles: profiles.into_iter().cloned().collect(),
            }),
        }
    }
}

/// Describes a Batch job that the next run of reconciliation changes.
fn left(batch_job: &BatchJobId, verb: &str, err: &anyhow::Error) -> Skipped {
    let reason = format!("{err:#}; the next run of reconciliation {verb} it");
    Skipped { item: format!("Batch job {batch_job}"), reason }
}
