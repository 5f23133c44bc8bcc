//! Detects when a simulation is over, and collects what remains.

use std::collections::BTreeMap;
use std::time::Duration;

use super::deployment::DeploymentRun;
use super::setup::Environment;
use crate::record::Leftovers;
use crate::scenario::Pool;
use local_deployment::{QUEUE, STATE};

/// The interval between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// Seconds without any activity before a simulation is over. The lock of a message and the idle time of a runner are
/// ten minutes each.
const QUIET_SECONDS: u64 = 25 * 60;
/// Seconds without any activity after which a simulation with waiting jobs is aborted.
const STUCK_SECONDS: u64 = 4 * 3600;
/// Seconds after the last fault after which a simulation is aborted whatever happens in it: a handler that goes on to
/// start runners without success is always active.
const MAX_SECONDS: u64 = 4 * 24 * 3600;
/// Hours for which ended tasks are kept, in addition to the longest job.
const KEPT_HOURS: u64 = 24;
/// Redeliveries of one event.
const MAX_REDELIVERIES: u32 = 5;
/// The latest failures of a webhook that reconciliation reads; jobs of earlier ones are found without them.
const MAX_FAILURES: usize = 1000;
/// Reconciliations that may delete nothing before the wait for deletions ends.
const MAX_IDLE_RUNS: u32 = 8;

/// Waits until the system is quiescent, and then until retained tasks and claims are deleted; returns whether it became
/// quiescent.
pub(super) async fn wait(environment: &Environment) -> bool {
    let (mut quiet, mut skipped_to) = (0, 0);
    loop {
        environment.network.pass(CHECK_INTERVAL).await;
        let second = environment.network.recorder.second();
        let past = environment.all_done() && second >= environment.scenario.faults_end_at;
        if !past || !is_quiet(environment) {
            quiet = 0;
        } else {
            quiet += CHECK_INTERVAL.as_secs();
        }
        if quiet >= QUIET_SECONDS {
            let Some(approval) = environment.next_late_approval() else { break };
            let skipped = approval.saturating_sub(second + CHECK_INTERVAL.as_secs());
            environment.network.clock.advance(Duration::from_secs(skipped));
            (quiet, skipped_to) = (0, approval);
        }
        let begin = environment.scenario.faults_end_at.max(skipped_to);
        let last_activity = (environment.network.recorder.last_activity() / 1000).max(begin);
        if second > (last_activity + STUCK_SECONDS).min(begin + MAX_SECONDS) {
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

/// Waits until retained tasks and claims are gone, as long as reconciliation deletes any.
async fn sweep(environment: &Environment) {
    let kept = || {
        let left = left(environment);
        left.ended_tasks.len() + left.claims.len()
    };
    let (mut fewest, mut without_need) = (kept(), 0);
    while fewest > 0 && without_need < MAX_IDLE_RUNS {
        environment.network.pass(2 * CHECK_INTERVAL).await;
        let now = kept();
        without_need = if now < fewest { 0 } else { without_need + 1 };
        fewest = fewest.min(now);
    }
}

fn is_quiet(environment: &Environment) -> bool {
    let jobs_done = environment.network.recorder.all_ended(&environment.scenario);
    jobs_done
        && registrations(environment).is_empty()
        && agents(environment).is_empty()
        && environment.deployments.iter().all(|deployment_run| {
            let jobs = deployment_run.batch.emulator.jobs();
            let busy = jobs.iter().any(|job| job.active + job.running > 0);
            let queues = &deployment_run.queues.emulator;
            !busy && queues.messages(QUEUE).is_empty() && queues.messages(&poison()).is_empty()
        })
}

/// Returns what remains.
pub(super) fn left(environment: &Environment) -> Leftovers {
    let (registrations, agents) = (registrations(environment), agents(environment));
    let mut left = Leftovers { registrations, agents, ..Leftovers::default() };
    let is_kept = |name: &str| is_of_orphan(environment, name);
    for deployment_run in &environment.deployments {
        let name = &deployment_run.deployment.name;
        for job in deployment_run.batch.emulator.jobs() {
            let tasks = deployment_run.batch.emulator.tasks(&job.id);
            for task in tasks.into_iter().filter(|task| !is_kept(&task.id)) {
                let line = format!("{}/{} {}", job.id, task.id, task.state);
                let ended = task.state == "completed";
                if ended { &mut left.ended_tasks } else { &mut left.tasks }.push(line);
            }
        }
        let blobs = deployment_run.blobs.emulator.names(STATE);
        let claims = blobs.iter().filter(|blob| is_claim(blob));
        let claims = claims.filter(|blob| !is_kept(blob.split('/').nth(1).unwrap_or_default()));
        left.claims.extend(claims.map(|blob| format!("{name}: {blob}")));
        let messages = |queue: &str| {
            let messages = deployment_run.queues.emulator.messages(queue);
            messages.into_iter().map(|message| format!("{name}: {}", message.text))
        };
        left.messages.extend(messages(QUEUE));
        left.poison.extend(messages(&poison()));
        left.nodes.extend(unreplaced(deployment_run));
    }
    left
}

/// Lists used nodes of profiles with `nodePerJob`, and their pools without their size.
fn unreplaced(deployment_run: &DeploymentRun) -> Vec<String> {
    let batch = &deployment_run.batch.emulator;
    let name = &deployment_run.deployment.name;
    let isolated = deployment_run.deployment.pools.iter().filter(|pool| pool.node_per_job);
    let of_pool = |pool: &Pool| {
        let used = batch.nodes(&pool.id).into_iter().filter(|node| node.state == "offline");
        let mut lines: Vec<String> =
            used.map(|node| format!("{name}: {} was used", node.id)).collect();
        let found = batch.pools().into_iter().find(|found| found.id.eq_ignore_ascii_case(&pool.id));
        let size = found.map(|found| (found.scaled, found.targets.0));
        let nodes = i32::try_from(pool.nodes).unwrap_or(i32::MAX);
        match size {
            Some((false, _)) if pool.scaled => {
                lines.push(format!("{name}: pool {} has no formula", pool.id));
            }
            Some((false, target)) if target != nodes => {
                lines.push(format!("{name}: pool {} has {target} of {nodes} nodes", pool.id));
            }
            _ => {}
        }
        lines
    };
    isolated.flat_map(of_pool).collect()
}

/// Lists the `queued` events that no attempt delivered and that may still be redelivered.
pub(super) fn undelivered(environment: &Environment) -> Vec<String> {
    let mut failures: BTreeMap<u64, usize> = BTreeMap::new();
    let mut events: BTreeMap<_, Event> = BTreeMap::new();
    for delivery in environment.github.emulator.deliveries().into_iter().rev() {
        let delivered = delivery.outcome.is_some_and(|outcome| outcome.is_success());
        let later = failures.entry(delivery.hook).or_default();
        *later += usize::from(!delivered);
        if delivery.action == Some("queued") {
            let event = events.entry((delivery.hook, delivery.guid, delivery.job)).or_default();
            event.attempts += 1;
            event.delivered |= delivered;
            event.listed |= *later <= MAX_FAILURES;
        }
    }
    let lost = events.into_iter().filter(|(_, event)| {
        !event.delivered && event.listed && event.attempts <= MAX_REDELIVERIES
    });
    let described = lost.map(|((hook, guid, job), Event { attempts, .. })| {
        format!("{guid} of job {} to hook {hook}, tried {attempts} times", job.unwrap_or_default())
    });
    described.collect()
}

/// The attempts at an event.
#[derive(Default)]
struct Event {
    attempts: u32,
    delivered: bool,
    /// Whether an attempt is among the failures that reconciliation reads.
    listed: bool,
}

fn registrations(environment: &Environment) -> Vec<String> {
    let runners = environment.github.emulator.runners();
    let recorder = &environment.network.recorder;
    let ours = runners
        .into_iter()
        .filter(|runner| !runner.name.starts_with("foreign-") && !recorder.is_of_others(runner.id));
    ours.map(|runner| runner.name).collect()
}

fn is_claim(blob: &str) -> bool {
    ["claims/", "agent-claims/"].iter().any(|folder| blob.starts_with(folder))
}

/// Lists the registered agents that are no placeholders.
fn agents(environment: &Environment) -> Vec<String> {
    let organization = environment.organization.iter();
    let agents = organization.flat_map(|organization| organization.service.emulator.agents());
    agents.map(|agent| agent.name).filter(|name| !name.starts_with("mayfly-")).collect()
}

/// Returns whether a task was made for a request that stays without a result for ever: it is kept as long as the request,
/// so that the request gets no further ones.
fn is_of_orphan(environment: &Environment, task: &str) -> bool {
    let recorder = &environment.network.recorder;
    recorder.orphaned().iter().any(|request| {
        let names = environment.deployments.iter().map(|one| &one.deployment.name);
        names.into_iter().any(|name| {
            let id = format!("{name}-az-{request}");
            task.strip_prefix(&id).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    })
}

fn poison() -> String {
    format!("{QUEUE}-poison")
}
