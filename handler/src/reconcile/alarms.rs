//! Decides what somebody has to be told, once: what no further try mends.

use chrono::{DateTime, Utc};

use super::Repair;
use super::ending::{NO_CONTAINER, VERSION_REFUSED};
use super::releases::outdated;
use super::snapshot::{Ending, Failure, LedgerTask, PoisonMessage, SeenPool, Snapshot, Stage};
use super::state::ReconcileState;
use crate::message::Message;

/// Tells what has come up since the last run.
pub(super) fn plan(
    seen: &Snapshot,
    previous: &ReconcileState,
    next: &mut ReconcileState,
    now: DateTime<Utc>,
) -> Vec<Repair> {
    let failed = seen.tasks.iter().filter_map(of_task);
    let poison = seen.poison.iter().filter_map(of_poison);
    let pools = seen.pools.iter().filter_map(of_pool);
    let told: Vec<(&'static str, String)> =
        failed.chain(pools).chain(poison).chain(outdated(seen, now)).collect();
    next.told.extend(told.iter().map(|(_, text)| text.clone()));
    let new = told.into_iter().filter(|(_, text)| !previous.told.contains(text));
    new.map(|(name, text)| Repair::Alarm { name, text }).collect()
}

/// A hint is left out: it is not needed, and deleted at once.
fn of_poison(lying: &PoisonMessage) -> Option<(&'static str, String)> {
    let what = match &lying.message {
        Some(Message::Request(request)) => {
            format!("for job {} of {}", request.job, request.repository)
        }
        Some(Message::Reassigned(_) | Message::Cancelled(_)) => return None,
        None => "that this version cannot read".to_owned(),
    };
    Some(("poison", format!("message {} lies among the poison, {what}", lying.handle)))
}

fn of_pool((pool, seen): (&String, &SeenPool)) -> Option<(&'static str, String)> {
    let error = seen.autoscale_error.as_ref()?;
    let text = format!(
        "pool {pool} does not evaluate its formula ({error}): mend the formula, or turn automatic scaling off and on again"
    );
    Some(("pool", text))
}

fn of_task(task: &LedgerTask) -> Option<(&'static str, String)> {
    let id = &task.id;
    let why = match &task.stage {
        Stage::Ended { how: Ending::Failed(why), .. } => why,
        Stage::Ended { how: Ending::Refused, .. } => {
            let text = format!(
                "task {id} refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which"
            );
            return Some(("group", text));
        }
        _ => return None,
    };
    let no_image = match why {
        Failure::Exit(VERSION_REFUSED) => {
            let text = format!(
                "task {id} ended with exit code {VERSION_REFUSED}: GitHub refuses the version of its runner, build or import the image again"
            );
            return Some(("runner-version", text));
        }
        Failure::Exit(code) => NO_CONTAINER.contains(code),
        Failure::Batch(code) => code.starts_with("Container"),
    };
    let text = || format!("task {id} could not be started ({why}): look at its profile's image");
    no_image.then(|| ("image", text()))
}
