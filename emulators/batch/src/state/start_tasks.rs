//! Start tasks of nodes: they run at boot, before any other task, and are retried after a failure.

use super::node::{NodeState, StartTaskRun};
use super::runs::Run;
use super::task::Outcome;
use super::{LaunchRequest, RunId, RunLocation, Settings, State};
use crate::dto::{StartTask, Timestamp, UserIdentity};
use crate::launch::{RunOutcome, StopRequest};

impl State {
    /// Runs the start task of a booted node; without one the node becomes ready.
    pub(super) fn run_start_task(&mut self, pool: &str, id: &str, at: Timestamp) {
        let Some(found) = self.pools.get(pool) else { return };
        let Some(task) = found.spec.start_task.clone() else {
            return self.enter_node_state(pool, id, NodeState::Ready, at);
        };
        let waits = task.wait_for_success;
        let run = self.start_on(pool, id, &task);
        let start_task =
            StartTaskRun { run, start: at, end: None, outcome: None, retries: 0, last_retry: None };
        self.change_node(pool, id, |node| node.start_task = Some(start_task));
        let state = if waits { NodeState::WaitingForStartTask } else { NodeState::Ready };
        self.enter_node_state(pool, id, state, at);
        if let Some(run) = run {
            self.launch(run, at);
        }
    }

    /// Creates a run of a start task; [`State::launch`] starts it.
    fn start_on(&mut self, pool: &str, id: &str, task: &StartTask) -> Option<RunId> {
        let run = RunId(self.next());
        let pool = self.pools.get(pool)?;
        let node = pool.node(id).ok()?;
        let location = RunLocation::of_start_task(pool, node, run);
        let settings = task.environment_settings.iter().flatten();
        let settings =
            settings.map(|set| (set.name.clone(), set.value.clone().unwrap_or_default()));
        let start = LaunchRequest {
            location,
            label: node.label.clone(),
            dedicated: node.dedicated,
            // A start task may use a container or none, in any pool.
            mismatch: None,
            command_line: task.command_line.clone(),
            container: task.container_settings.clone(),
            elevated: task.user_identity.as_ref().is_some_and(UserIdentity::is_admin),
            settings: Settings(settings.collect()),
        };
        self.runs.insert(run, Run::new(start, 0, None));
        Some(run)
    }

    /// Processes the end of a start task: success, retry, or failure.
    pub(super) fn start_task_ended(
        &mut self,
        location: &RunLocation,
        ending: &RunOutcome,
        at: Timestamp,
    ) {
        let pool = super::key(&location.pool);
        let Some(task) = self.pools.get(&pool).and_then(|pool| pool.spec.start_task.clone()) else {
            return;
        };
        let current = |run: &&StartTaskRun| run.run == Some(location.run);
        let node = self.pools.get(&pool).and_then(|pool| pool.nodes.get(&location.node));
        let Some(run) = node.and_then(|node| node.start_task.as_ref()).filter(current) else {
            return;
        };
        let outcome = Outcome::of(ending);
        let may_retry = i64::from(run.retries) < i64::from(task.max_task_retry_count)
            || task.max_task_retry_count == -1;
        if outcome.failure.is_some() && may_retry {
            return self.retry_start_task(&pool, &location.node, &task, at);
        }
        let failed = outcome.failure.is_some();
        self.change_start_task(&pool, &location.node, |run| {
            (run.run, run.end, run.outcome) = (None, Some(at), Some(outcome));
        });
        if task.wait_for_success {
            let state = if failed { NodeState::StartTaskFailed } else { NodeState::Ready };
            self.enter_node_state(&pool, &location.node, state, at);
        }
    }

    fn retry_start_task(&mut self, pool: &str, id: &str, task: &StartTask, at: Timestamp) {
        let next = self.start_on(pool, id, task);
        self.change_start_task(pool, id, |run| {
            run.run = next;
            run.retries += 1;
            (run.start, run.last_retry) = (at, Some(at));
        });
        if let Some(run) = next {
            self.launch(run, at);
        }
    }

    /// Abandons a node's start task because the node is lost or removed.
    pub(super) fn abandon_start_task(&mut self, pool: &str, id: &str, at: Timestamp) {
        let taken = self.change_node(pool, id, |node| node.start_task.take()).flatten();
        if let Some(run) = taken.and_then(|task| task.run) {
            self.stop(run, StopRequest::Kill, at);
        }
    }

    fn change_start_task(&mut self, pool: &str, id: &str, change: impl FnOnce(&mut StartTaskRun)) {
        self.change_node(pool, id, |node| node.start_task.as_mut().map(change));
    }
}
