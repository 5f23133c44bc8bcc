//! Disables and enables the Batch jobs of paused and resumed profiles, and forgets records.
//!
//! Each reads the record once more: an operator may have changed it since it was collected.

use anyhow::Context;

use crate::app::App;
use crate::batch::BatchError;
use crate::batch_job::BatchJobId;
use crate::reconcile::PauseChange;
use crate::storage::Written;

/// Executes a change.
pub(super) async fn execute(app: &App, change: &PauseChange) -> anyhow::Result<String> {
    match change {
        PauseChange::Disable(batch_job) => disable(app, batch_job).await,
        PauseChange::Enable(batch_job) => enable(app, batch_job).await,
        PauseChange::Forget { profile } => forget(app, profile).await,
    }
}

/// Disables a Batch job, unless its profile was resumed meanwhile.
async fn disable(app: &App, batch_job: &BatchJobId) -> anyhow::Result<String> {
    let profile = &batch_job.profile;
    if app.pauses.read().await?.pauses.paused(profile).is_none() {
        return Ok(format!("Batch job {batch_job} stays: profile {profile} was resumed"));
    }
    disable_or_create(app, batch_job).await?;
    Ok(format!("Batch job {batch_job} disabled: profile {profile} is paused"))
}

/// Disables a Batch job. One that does not exist is created, so that no message creates it and its task starts.
pub(crate) async fn disable_or_create(app: &App, batch_job: &BatchJobId) -> anyhow::Result<()> {
    match app.batch.disable_job(batch_job).await {
        Err(BatchError::NoJob(_)) => {
            let profile = app.profiles().find(|profile| profile.name == batch_job.profile);
            let profile = profile.with_context(|| format!("find the profile of {batch_job}"))?;
            app.batch.add_job(batch_job, &profile.pool).await?;
            Ok(app.batch.disable_job(batch_job).await?)
        }
        disabled => Ok(disabled?),
    }
}

/// Enables a Batch job, unless its profile was paused again meanwhile.
async fn enable(app: &App, batch_job: &BatchJobId) -> anyhow::Result<String> {
    let profile = &batch_job.profile;
    if app.pauses.read().await?.pauses.paused(profile).is_some() {
        return Ok(format!("Batch job {batch_job} stays: profile {profile} was paused again"));
    }
    app.batch.enable_job(batch_job).await?;
    Ok(format!("Batch job {batch_job} enabled: profile {profile} was resumed"))
}

/// Forgets the record of a resumed profile.
async fn forget(app: &App, profile: &str) -> anyhow::Result<String> {
    let mut read = app.pauses.read().await?;
    let mut pauses = std::mem::take(&mut read.pauses);
    if pauses.forget(profile) && app.pauses.write(&pauses, &read).await? == Written::Conflict {
        anyhow::bail!("forget the pause of profile {profile}: another process has written it");
    }
    Ok(format!("the pause of profile {profile} has ended"))
}
