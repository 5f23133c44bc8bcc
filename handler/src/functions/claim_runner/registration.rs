//! Registers the runner of a claim, and records it with the claim before its configuration is sent.

use chrono::{DateTime, Utc};
use tracing::error;

use super::node::reserve;
use super::{ClaimError, Claimant};
use crate::app::App;
use crate::assignment::{Conflict, RegisteredRunner, Resumption, conflict, resume};
use crate::functions::group::group;
use crate::github::{GithubError, JitRunner, RunnerToRegister};
use crate::scope::{Level, Scope};
use crate::secret::Secret;
use crate::storage::{Claim, HeldClaim, ListedClaim, Minted, RecordError};
use crate::task::run_name;

/// The outcome of a registration.
pub(super) enum Registered {
    /// The configuration with which the runner can start once.
    Jit(Secret),
    /// A runner of this name is registered and stays.
    Conflict(Conflict),
}

/// The claim of one process for one run of a task.
pub(super) struct HeldClaimOfRun {
    task: String,
    run: DateTime<Utc>,
    nonce: String,
    held: HeldClaim,
    /// The runner that this request has removed.
    removed: Option<u64>,
}

impl HeldClaimOfRun {
    /// Takes the claim, unless another process has it.
    pub(super) async fn take(
        app: &App,
        task: &str,
        run: DateTime<Utc>,
        nonce: String,
    ) -> Result<Self, ClaimError> {
        match app.claims.take(task, run, &nonce).await? {
            Claim::Held(held) => {
                Ok(Self { task: task.to_owned(), run, nonce, held, removed: None })
            }
            Claim::HeldByAnother => Err(ClaimError::HeldByAnother),
        }
    }

    /// Records the runner of the claim, or that it was removed.
    ///
    /// A record that fails because the claim has changed is repeated in one case: another request of the same process,
    /// whose response it no longer awaits, has recorded the runner that this request has removed. Storage's own client
    /// also repeats a request whose response was lost, and then finds the change that it has made.
    async fn record(&mut self, app: &App, minted: Option<Minted>) -> Result<(), ClaimError> {
        let (task, run) = (&self.task, self.run);
        let changed = match app.claims.record(task, run, &mut self.held, minted.clone()).await {
            Err(err @ RecordError::Changed(_)) => err,
            recorded => return Ok(recorded?),
        };
        let now = Self::take(app, task, run, self.nonce.clone()).await?;
        let runner = |minted: &Option<Minted>| minted.as_ref().map(|minted| minted.runner);
        let recorded = runner(&now.held.minted);
        self.held = now.held;
        if recorded == runner(&minted) {
            return Ok(());
        }
        if recorded != self.removed {
            return Err(changed.into());
        }
        Ok(app.claims.record(&self.task, self.run, &mut self.held, minted).await?)
    }
}

/// Rejects a claim whose configuration was used or has expired.
pub(super) async fn ensure_open(app: &App, claimant: &Claimant) -> Result<(), ClaimError> {
    let Some(minted) = &claimant.claim.held.minted else { return Ok(()) };
    let found = named(app, claimant, &level_of(app, claimant, minted)).await?;
    let own = found.filter(|runner| runner.id == minted.runner);
    match resume(minted.at, own.as_ref(), app.clock.now()) {
        Resumption::Replace => Ok(()),
        Resumption::Closed => Err(ClaimError::Closed),
    }
}

/// Registers the runner. A runner of its name is removed if its configuration was lost.
pub(super) async fn register(app: &App, claimant: &mut Claimant) -> Result<Registered, ClaimError> {
    let group = group(app, &claimant.present, &claimant.group).await?;
    reserve(app, claimant).await?;
    let earlier = claimant.claim.held.minted.clone();
    if let Some(minted) = &earlier {
        let level = level_of(app, claimant, minted);
        if !remove(app, claimant, &level, minted.runner).await? {
            return Err(ClaimError::Closed);
        }
        // Only after the removal: a runner that has got a job must stay recorded.
        claimant.claim.record(app, None).await?;
    }
    let runner = match mint(app, claimant, group).await {
        Err(GithubError::Conflict { .. }) => match free_name(app, claimant).await? {
            Conflict::Unused => mint(app, claimant, group).await?,
            conflict => return Ok(Registered::Conflict(conflict)),
        },
        minted => minted?,
    };
    // The time of the first registration: repeated claims do not extend the period in which a claim can be repeated.
    let at = earlier.map_or_else(|| app.clock.now(), |minted| minted.at);
    let level = Some(Level::of(&app.scope, &claimant.present));
    let minted = Minted { runner: runner.id, at, level };
    claimant.claim.record(app, Some(minted)).await?;
    Ok(Registered::Jit(runner.configuration))
}

async fn mint(app: &App, claimant: &Claimant, group: u64) -> Result<JitRunner, GithubError> {
    let name = claimant.id.to_string();
    let runner = RunnerToRegister { name: &name, labels: &claimant.profile.labels, group };
    app.github.register(&claimant.present, &runner).await
}

/// Returns the level at which the runner of a claim was registered. Older handlers did not record it.
fn level_of(app: &App, claimant: &Claimant, minted: &Minted) -> Level {
    let recorded = minted.level.clone();
    recorded.unwrap_or_else(|| Level::of(&app.scope, &claimant.repository))
}

/// Removes the runner that has the name, if its configuration was lost; [`Conflict::Unused`] if the name is free then.
async fn free_name(app: &App, claimant: &mut Claimant) -> Result<Conflict, ClaimError> {
    let level = Level::of(&app.scope, &claimant.present);
    let Some(existing) = named(app, claimant, &level).await? else {
        // It was removed meanwhile; the next try can use the name.
        return Ok(Conflict::Idle);
    };
    let claims = app.claims.of_task(&claimant.id.to_string()).await?;
    // A claim that was created just now has registered nothing: the runner is of an earlier claim, or of others.
    let held = &claimant.claim;
    let own = run_name(held.run);
    // This run's node is lost. The later run took its claim before it registered the runner.
    if claims.iter().filter_map(ListedClaim::run).any(|run| run > own.as_str()) {
        return Err(ClaimError::RunAgain);
    }
    let earlier = claims.iter().filter(|claim| !(held.held.created && claim.run() == Some(&own)));
    // The runners of a repository move with it, those of an organization do not.
    let moves = app.scope == Scope::Repository;
    let here = |minted: &Minted| moves || minted.level.as_ref().is_none_or(|one| *one == level);
    let earlier = earlier.filter(|claim| claim.minted.as_ref().is_none_or(here));
    let recorded = earlier.map(|claim| claim.minted.as_ref().map(|minted| minted.runner));
    Ok(match conflict(&existing, &recorded.collect::<Vec<_>>()) {
        Conflict::Unused if !remove(app, claimant, &level, existing.id).await? => Conflict::Busy,
        Conflict::Foreign => {
            report_foreign(&claimant.id.to_string(), &existing);
            Conflict::Foreign
        }
        found => found,
    })
}

/// Removes a runner. Returns `false` if it has got a job meanwhile and stays.
async fn remove(
    app: &App,
    claimant: &mut Claimant,
    level: &Level,
    runner: u64,
) -> Result<bool, GithubError> {
    let removed = app.github.remove_unused(level, runner).await?;
    claimant.claim.removed = removed.then_some(runner);
    Ok(removed)
}

async fn named(
    app: &App,
    claimant: &Claimant,
    level: &Level,
) -> Result<Option<RegisteredRunner>, GithubError> {
    app.github.runner_named(level, &claimant.id.to_string()).await
}

fn report_foreign(name: &str, runner: &RegisteredRunner) {
    error!(
        alarm = "deployment",
        "runner {name} (id {}) is not of this deployment: another deployment has the same DeploymentName, or the runner \
         was registered manually; remove it, or choose another DeploymentName",
        runner.id
    );
}
