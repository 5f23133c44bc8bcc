//! Decides which alerts are raised, each of them once, about problems that no retry solves.

use super::Repair;
use super::assessment::Assessment;
use super::ending::{NO_CONTAINER, VERSION_REFUSED};
use super::pauses;
use super::releases::outdated;
use super::snapshot::{Ending, Failure, LedgerTask, PoisonMessage, PoolState, Snapshot, Stage};
use super::state::ReconcileState;
use crate::message::Message;
use crate::profiles::Profile;
use crate::repository::Repository;

/// Raises an alert for each problem that is new since the last run.
pub(super) fn plan(
    run: &Assessment<'_>,
    previous: &ReconcileState,
    next: &mut ReconcileState,
) -> Vec<Repair> {
    let (snapshot, now) = (run.snapshot, run.now);
    let failed = snapshot.tasks.iter().filter_map(of_task);
    let poison = snapshot.poison.iter().filter_map(of_poison);
    let pools = snapshot.pools.iter().filter(|(pool, _)| !all_paused(pool, run));
    let pools = pools.filter_map(of_pool);
    let alerts = failed.chain(pools).chain(poison).chain(outdated(snapshot, now));
    let refused = snapshot.refused.iter().map(|one| (one.key.clone(), one.alarm, one.text.clone()));
    let renamed = snapshot.renamed.iter().map(of_renamed);
    let crowded =
        run.rules.policy.profiles.iter().filter_map(|profile| of_slots(profile, snapshot));
    let alerts = alerts.chain(renamed).chain(crowded);
    let alerts = alerts.chain(pauses::alerts(&snapshot.removed_pauses));
    let alerts: Vec<(String, &'static str, String)> = alerts
        .map(|(name, text)| (text.clone(), name, text))
        .chain(refused)
        .chain(of_polling(run))
        .collect();
    next.alerts.extend(alerts.iter().map(|(key, ..)| key.clone()));
    let new = alerts.into_iter().filter(|(key, ..)| !previous.alerts.contains(key));
    new.map(|(_, name, text)| Repair::Alert { name, text }).collect()
}

/// A job event raises no alert: reconciliation replaces it, and the message is deleted immediately.
fn of_poison(message: &PoisonMessage) -> Option<(&'static str, String)> {
    let handle = &message.handle;
    let text = match &message.message {
        Some(Message::Request(request)) => {
            let (job, repository) = (request.job, &request.repository);
            format!(
                "message {handle} became poison: it requests a runner for job {job} of {repository}"
            )
        }
        Some(Message::Reassigned(_) | Message::Cancelled(_) | Message::Pipelines(_)) => {
            return None;
        }
        None => {
            format!("message {handle} became poison: this version of the handler cannot read it")
        }
    };
    Some(("poison", text))
}

fn of_renamed((old, new): (&Repository, &Repository)) -> (&'static str, String) {
    ("settings", format!("{old} is now {new}: change setting AllowedRepositories"))
}

/// Returns the alert about more repositories than can be polled. It is the same for any number of them.
fn of_polling(run: &Assessment<'_>) -> Option<(String, &'static str, String)> {
    let cost = run.rules.polling_cost(run.snapshot)?;
    Some(("polling".to_owned(), "settings", cost.problem()?))
}

/// Returns whether every profile of a pool is paused, so that no job waits for its nodes.
fn all_paused(pool: &str, run: &Assessment<'_>) -> bool {
    let profiles = run.rules.policy.profiles.iter();
    let mut own = profiles.filter(|profile| profile.pool.eq_ignore_ascii_case(pool)).peekable();
    own.peek().is_some() && own.all(|profile| run.snapshot.pauses.paused(&profile.name).is_some())
}

fn of_pool((pool, state): (&String, &PoolState)) -> Option<(&'static str, String)> {
    let error = state.autoscale_error.as_ref()?;
    let text = format!(
        "pool {pool} cannot evaluate its autoscale formula ({error}): fix the formula, or disable and enable automatic scaling"
    );
    Some(("pool", text))
}

/// Jobs with an engine could reach each other on a node.
fn of_slots(profile: &Profile, snapshot: &Snapshot) -> Option<(&'static str, String)> {
    let Profile { name, pool, slots, docker: true, .. } = profile else { return None };
    // Batch compares ids without case.
    let (_, state) = snapshot.pools.iter().find(|(id, _)| id.eq_ignore_ascii_case(pool))?;
    let jobs = state.slots / (*slots).max(1);
    let text = format!(
        "profile {name} has docker, and its pool {pool} runs {jobs} of its jobs on a node at the same time, which could reach each other: use a pool with one task slot a node"
    );
    (jobs > 1).then_some(("settings", text))
}

fn of_task(task: &LedgerTask) -> Option<(&'static str, String)> {
    let id = &task.id;
    let failure = match &task.stage {
        Stage::Ended { how: Ending::Failed(failure), .. } => failure,
        Stage::Ended { how: Ending::Rejected, .. } => {
            let text = format!(
                "task {id} rejected the job that its runner was assigned: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the log of the job shows which"
            );
            return Some(("group", text));
        }
        _ => return None,
    };
    let of_image = match failure {
        Failure::Exit(VERSION_REFUSED) => {
            let text = format!(
                "task {id} ended with exit code {VERSION_REFUSED}: GitHub rejects the version of its runner, build or import the image again"
            );
            return Some(("runner-version", text));
        }
        Failure::Exit(code) => NO_CONTAINER.contains(code),
        Failure::Batch(code) => code.starts_with("Container"),
    };
    let text = || format!("task {id} could not start ({failure}): check the image of its profile");
    of_image.then(|| ("image", text()))
}
