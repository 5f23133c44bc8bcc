//! Tells when a storm is over, and what it has left.

use std::collections::BTreeMap;
use std::time::Duration;

use super::setup::Environment;
use crate::record::Leftovers;
use local_deployment::{QUEUE, STATE};

/// How often it is looked whether the storm is over.
const LOOK: Duration = Duration::from_secs(60);
/// How long nothing must have happened. The lock of a message holds for ten minutes, and so long a runner may
/// idle.
const QUIET_SECONDS: u64 = 25 * 60;
/// After how many seconds without anything that happens a storm is given up, whose jobs still wait.
const STUCK_SECONDS: u64 = 4 * 3600;
/// How long what was kept for a walk is kept besides the longest job.
const KEPT_HOURS: u64 = 24;
/// How often an event is asked for again.
const MOST_REDELIVERIES: u32 = 5;
/// How many failures of a webhook are looked at, the latest ones; the jobs of the others are found without them.
const MOST_FAILURES: usize = 1000;
/// After how many runs of reconciliation that delete none of it no further one is waited for.
const LAST_RUNS: u32 = 8;

/// Waits until nothing is left to happen, and then until all that is kept for a while is due; tells whether it
/// came to that.
pub(super) async fn wait(environment: &Environment) -> bool {
    let mut quiet = 0;
    while quiet < QUIET_SECONDS {
        environment.network.pass(LOOK).await;
        let second = environment.network.recorder.second();
        let past = environment.all_done() && second >= environment.scenario.faults_end_at;
        if !past || !is_quiet(environment) {
            quiet = 0;
        } else {
            quiet += LOOK.as_secs();
        }
        let last_activity = (environment.network.recorder.last_activity() / 1000)
            .max(environment.scenario.faults_end_at);
        if second > last_activity + STUCK_SECONDS {
            return false;
        }
    }
    let hours =
        environment.scenario.deployments.iter().map(|deployment| deployment.max_job_hours).max();
    let kept = KEPT_HOURS + u64::from(hours.unwrap_or_default());
    environment.network.clock.advance(Duration::from_secs(kept * 3600));
    sweep(environment).await;
    true
}

/// Waits until what was kept for a while is gone, as long as runs of reconciliation delete any of it.
async fn sweep(environment: &Environment) {
    let kept = || {
        let left = left(environment);
        left.ended_tasks.len() + left.claims.len()
    };
    let (mut fewest, mut without_need) = (kept(), 0);
    while fewest > 0 && without_need < LAST_RUNS {
        environment.network.pass(2 * LOOK).await;
        let now = kept();
        without_need = if now < fewest { 0 } else { without_need + 1 };
        fewest = fewest.min(now);
    }
}

fn is_quiet(environment: &Environment) -> bool {
    let jobs_done = environment.network.recorder.all_ended(&environment.scenario);
    jobs_done
        && registrations(environment).is_empty()
        && environment.deployments.iter().all(|deployment_run| {
            let jobs = deployment_run.batch.emulator.jobs();
            let busy = jobs.iter().any(|job| job.active + job.running > 0);
            let queues = &deployment_run.queues.emulator;
            !busy && queues.messages(QUEUE).is_empty() && queues.messages(&poison()).is_empty()
        })
}

/// Tells what is still there.
pub(super) fn left(environment: &Environment) -> Leftovers {
    let mut left = Leftovers { registrations: registrations(environment), ..Leftovers::default() };
    for deployment_run in &environment.deployments {
        let name = &deployment_run.deployment.name;
        for job in deployment_run.batch.emulator.jobs() {
            for task in deployment_run.batch.emulator.tasks(&job.id) {
                let line = format!("{}/{} {}", job.id, task.id, task.state);
                let ended = task.state == "completed";
                if ended { &mut left.ended_tasks } else { &mut left.tasks }.push(line);
            }
        }
        let blobs = deployment_run.blobs.emulator.names(STATE);
        let claims = blobs.iter().filter(|blob| blob.starts_with("claims/"));
        left.claims.extend(claims.map(|blob| format!("{name}: {blob}")));
        let messages = |queue: &str| {
            let messages = deployment_run.queues.emulator.messages(queue);
            messages.into_iter().map(|message| format!("{name}: {}", message.text))
        };
        left.messages.extend(messages(QUEUE));
        left.poison.extend(messages(&poison()));
    }
    left
}

/// Lists the `queued` events that no attempt has brought, and that may still be asked for.
pub(super) fn undelivered(environment: &Environment) -> Vec<String> {
    let mut failures: BTreeMap<u64, usize> = BTreeMap::new();
    let mut events: BTreeMap<_, Event> = BTreeMap::new();
    for delivery in environment.github.emulator.deliveries().into_iter().rev() {
        let brought = delivery.outcome.is_some_and(|outcome| outcome.is_success());
        let later = failures.entry(delivery.hook).or_default();
        *later += usize::from(!brought);
        if delivery.action == Some("queued") {
            let event = events.entry((delivery.hook, delivery.guid, delivery.job)).or_default();
            event.attempts += 1;
            event.brought |= brought;
            event.listed |= *later <= MOST_FAILURES;
        }
    }
    let lost = events
        .into_iter()
        .filter(|(_, event)| !event.brought && event.listed && event.attempts <= MOST_REDELIVERIES);
    let described = lost.map(|((hook, guid, job), Event { attempts, .. })| {
        format!("{guid} of job {} to hook {hook}, tried {attempts} times", job.unwrap_or_default())
    });
    described.collect()
}

/// What became of an event.
#[derive(Default)]
struct Event {
    attempts: u32,
    brought: bool,
    /// Whether an attempt is among the failures that are looked at.
    listed: bool,
}

fn registrations(environment: &Environment) -> Vec<String> {
    let runners = environment.github.emulator.runners();
    let ours = runners.into_iter().filter(|runner| !runner.name.starts_with("foreign-"));
    ours.map(|runner| runner.name).collect()
}

fn poison() -> String {
    format!("{QUEUE}-poison")
}
