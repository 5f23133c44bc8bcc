//! Follows job events: a runner was assigned to another job, or a job ended without a runner.
//!
//! Reconciliation would find the same, minutes later. A job event only reads a few tasks and runners; everything else,
//! and every job event that fails, is left to reconciliation.

use std::time::Duration;

use anyhow::Context;

use super::made_tasks::{MadeTask, made_for};
use crate::app::App;
use crate::assignment::{
    AssignmentChain, AssignmentGraph, Fact, NotNeeded, Replacement, Resolution, decide_replacement,
};
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::collect::{FactReader, rules};
use crate::functions::replacement::request_replacement;
use crate::github::Presence;
use crate::message::{Cancelled, Message, Reassigned};
use crate::repository::Repository;
use crate::scope::Level;
use crate::settings::Registration;
use crate::storage::Minted;
use crate::task::TaskId;

/// The delay before the second look: the request for the job's own runner may be behind the event, and a task that
/// ends may still run.
const SECOND_LOOK_DELAY: Duration = Duration::from_secs(15);

/// Requests another runner in place of a runner that was assigned to a job without a task.
///
/// If the job has a task, the two runners have exchanged their jobs, and the chain of the job's task continues at the
/// job of the reassigned runner. If it has no task, no chain leads through the job, and the job that the chain of the
/// reassigned runner resolves to has no runner, unless another task covers it.
///
/// GitHub assigns runners by labels and groups alone, so the job may be any job: of a repository that is not served, or
/// with the labels of a runner of GitHub. A job that is not served never gets a task, and so needs no second look.
pub(super) async fn replace_reassigned(app: &App, event: &Reassigned) -> anyhow::Result<String> {
    let job = event.job;
    let Some(runner) = app.runners.deployment.parse_task(&event.runner) else {
        return Ok(format!("runner {} is not of this deployment", event.runner));
    };
    if has_own_task(app, event).await? {
        return Ok(format!("job {job} runs on runner {runner} and has a task in exchange"));
    }
    if event.profile.is_some() && !event.again {
        return look_again(app, event, "has no task yet").await;
    }
    let made = made_for(app, runner.job, |_| true).await?;
    // The successor of a closed Batch job may have a task of the same id.
    let named = made.iter().filter(|made| made.id == runner);
    let Some(own) = named.max_by_key(|made| made.has_left_queue) else {
        return Ok(format!("job {job} runs on runner {runner}, for which Batch has no task"));
    };
    match presence(app, own, event).await? {
        Some(Presence::Busy | Presence::Absent) => replace(app, event, &runner, own).await,
        Some(Presence::Idle | Presence::Offline) if !event.again => {
            look_again(app, event, "is not shown as busy yet").await
        }
        _ => Ok(format!("job {job} does not run on runner {runner} of this deployment")),
    }
}

/// Returns the state of the runner of a task at GitHub; `None` if the job cannot run on that runner, so that another
/// program has registered one of its name.
async fn presence(
    app: &App,
    own: &MadeTask,
    event: &Reassigned,
) -> anyhow::Result<Option<Presence>> {
    let Some(repository) = own.repository.as_ref().filter(|_| own.has_left_queue) else {
        return Ok(None);
    };
    let home = Level::of(&app.scope, repository);
    let level = if matches!(app.runners.registration, Registration::Token) {
        Some(home)
    } else {
        let claims = app.claims.of_task(&own.id.to_string()).await?;
        let minted: Vec<_> = claims.into_iter().map(|claim| claim.minted).collect();
        minted_at(&minted, event.runner_id, home)
    };
    let is_of_job = |level: &Level| {
        event.repository.as_ref().is_none_or(|other| Level::of(&app.scope, other) == *level)
    };
    match level.filter(is_of_job) {
        Some(level) => Ok(Some(app.github.presence(&level, &own.id.to_string()).await?)),
        None => Ok(None),
    }
}

/// Returns the level at which the claims of a task may have registered the runner of an event; `None` if they have not.
/// A claim without a runner was taken by an older handler, or has registered none; one without a level registered it at
/// the level of the task.
fn minted_at(claims: &[Option<Minted>], runner: Option<u64>, home: Level) -> Option<Level> {
    let recorded = claims.iter().flatten().find(|minted| Some(minted.runner) == runner);
    let may_be = |minted: &&Option<Minted>| runner.is_none() || minted.is_none();
    let minted = match recorded {
        Some(minted) => Some(minted),
        None => claims.iter().rev().find(may_be)?.as_ref(),
    };
    Some(minted.and_then(|minted| minted.level.clone()).unwrap_or(home))
}

/// Requests a runner for the job that the chain of a reassigned runner resolves to, unless another task covers it.
async fn replace(
    app: &App,
    event: &Reassigned,
    runner: &TaskId,
    own: &MadeTask,
) -> anyhow::Result<String> {
    let job = event.job;
    let profile = own.runner(app).context("find the profile of the runner's task")?;
    let mut graph = AssignmentGraph::new(rules(app).chains());
    let mut facts = FactReader::new(app);
    let mut others = OtherRunners::default();
    loop {
        let chain = AssignmentChain::follow(&graph, runner, &profile);
        match decide_replacement(&graph, &chain) {
            Replacement::Missing(fact) => {
                facts.fetch(&fact, &mut graph).await?;
                if fact == Fact::LiveTasks {
                    others = OtherRunners::read(app, &mut graph, &chain).await?;
                }
            }
            Replacement::Request(needed) => {
                let last = others.last.max(chain.last_replacement());
                request_replacement(app, &graph, needed, last).await?;
                return Ok(format!(
                    "job {job} runs on runner {runner}: another runner requested for job {needed}"
                ));
            }
            Replacement::NotNeeded(NotNeeded::Covered) if others.unregistered && !event.again => {
                return look_again(app, event, "may be replaced by a task that starts or ends")
                    .await;
            }
            Replacement::NotNeeded(reason) => {
                return Ok(format!("runner {runner} needs no replacement: {reason}"));
            }
            Replacement::Retry(reason) => {
                anyhow::bail!("follow the chain of runner {runner}: {reason}");
            }
        }
    }
}

/// The other runners that were made for the job at the end of a chain.
#[derive(Default)]
struct OtherRunners {
    /// The highest replacement number of the job's tasks.
    last: u32,
    /// Whether one of them has a task that has started, and is not registered: it starts, or its job has ended.
    unregistered: bool,
}

impl OtherRunners {
    /// Finds the other runners, and removes those from the live tasks that have a job: it may be one that no chain
    /// leads through.
    async fn read(
        app: &App,
        graph: &mut AssignmentGraph,
        chain: &AssignmentChain,
    ) -> anyhow::Result<Self> {
        let (Resolution::Needed(needed) | Resolution::LabelMismatch(needed)) = chain.resolution()
        else {
            return Ok(Self::default());
        };
        let made = made_for(app, *needed, |_| true).await?;
        let last = made.iter().map(|made| made.id.replacement).max().unwrap_or_default();
        let mut others = Self { last, unregistered: false };
        // Another message about the same runner may have added a task since the live tasks were listed.
        made.iter()
            .filter_map(|made| made.live_task(app))
            .for_each(|task| graph.learn_live_task(task));
        for other in made.iter().filter(|other| other.has_started()) {
            let Some(repository) = &other.repository else { continue };
            if chain.tasks().contains(&other.id) {
                continue;
            }
            let level = level_of(app, other, repository).await?;
            match app.github.presence(&level, &other.id.to_string()).await? {
                Presence::Busy => graph.learn_busy(&other.id),
                Presence::Absent => others.unregistered = true,
                Presence::Idle | Presence::Offline => {}
            }
        }
        Ok(others)
    }
}

/// Returns the level at which the runner of a task is registered: that of its last claim, if it was recorded.
async fn level_of(app: &App, made: &MadeTask, repository: &Repository) -> anyhow::Result<Level> {
    let home = Level::of(&app.scope, repository);
    if matches!(app.runners.registration, Registration::Token) {
        return Ok(home);
    }
    let claims = app.claims.of_task(&made.id.to_string()).await?;
    let last = claims.into_iter().next_back().and_then(|claim| claim.minted);
    Ok(last.and_then(|minted| minted.level).unwrap_or(home))
}

/// Puts an event on the queue once more.
async fn look_again(app: &App, event: &Reassigned, reason: &str) -> anyhow::Result<String> {
    let again = Reassigned { again: true, ..event.clone() };
    app.queue.put(&Message::Reassigned(again), SECOND_LOOK_DELAY).await?;
    let (job, runner) = (event.job, &event.runner);
    Ok(format!("job {job} runs on runner {runner} and {reason}"))
}

/// Terminates the waiting tasks of a job that ended without a runner: the chain of each of them ends there. A task that
/// has started finds out when it claims.
///
/// The event alone proves nothing: who knows the webhook's secret can name any job. So the task must be of the
/// repository of the event, and GitHub is asked whether the job has ended.
pub(super) async fn terminate_unneeded(app: &App, event: &Cancelled) -> anyhow::Result<String> {
    let Cancelled { job, repository, profile } = event;
    let made = made_for(app, *job, |batch_job| batch_job.profile == *profile).await?;
    let waiting = |made: &MadeTask| {
        made.state == TaskState::Active && made.repository.as_ref() == Some(repository)
    };
    let waiting: Vec<MadeTask> = made.into_iter().filter(waiting).collect();
    if waiting.is_empty() {
        return Ok(format!("job {job} ended without a runner; none of its tasks waits"));
    }
    let current = app.github.job(repository, *job).await?;
    if current.status != "completed" || current.has_runner() {
        return Ok(format!("job {job} is {}: its tasks stay", current.status));
    }
    for made in &waiting {
        app.batch.terminate(&made.batch_job, &made.id.to_string()).await?;
    }
    let names: Vec<String> = waiting.iter().map(|made| made.id.to_string()).collect();
    Ok(format!("task {} terminated: job {job} ended without a runner", names.join(", ")))
}

/// Returns whether a task was made for the job of an event.
async fn has_own_task(app: &App, event: &Reassigned) -> Result<bool, BatchError> {
    if let Some(profile) = &event.profile {
        let first = app.runners.deployment.task(event.job, 1).to_string();
        match app.batch.task(&BatchJobId::new(profile, 1), &first).await {
            Err(BatchError::NoTask(_)) => {}
            read => return read.map(|_| true),
        }
    }
    Ok(!made_for(app, event.job, |_| true).await?.is_empty())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn level(path: &str) -> Level {
        Level::recorded(path).expect("a level")
    }

    fn minted(runner: u64, path: Option<&str>) -> Option<Minted> {
        Some(Minted { runner, at: DateTime::UNIX_EPOCH, level: path.map(level) })
    }

    #[track_caller]
    fn check(claims: &[Option<Minted>], runner: Option<u64>, expected: Option<&str>) {
        let found = minted_at(claims, runner, level("orgs/octo"));
        assert_eq!(found, expected.map(level), "{claims:?} {runner:?}");
    }

    #[test]
    fn only_a_runner_of_a_claim_of_the_task_is_ours() {
        let home = Some("orgs/octo");
        let (five, seven) = (minted(5, None), minted(7, None));
        check(std::slice::from_ref(&seven), Some(7), home);
        check(&[five.clone(), seven.clone()], Some(7), home);
        check(&[None], Some(7), home);
        check(&[seven], None, home);
        check(&[five], Some(7), None);
        check(&[], Some(7), None);
        check(&[], None, None);
    }

    #[test]
    fn a_runner_is_looked_up_where_its_claim_registered_it() {
        let claims = [minted(5, Some("orgs/octo")), minted(7, Some("orgs/corp")), None];
        check(&claims[..2], Some(5), Some("orgs/octo"));
        check(&claims[..2], Some(7), Some("orgs/corp"));
        check(&claims[..2], None, Some("orgs/corp"));
        check(&claims, Some(7), Some("orgs/corp"));
        // The last claim may have registered it.
        check(&claims, Some(8), Some("orgs/octo"));
    }
}
