//! What clients may request of a node: to reboot, and to take no tasks.

use chrono::{DateTime, Utc};

use super::node::NodeState;
use super::task::Requeue;
use super::timers::Timer;
use super::{State, key};
use crate::dto::{Deallocation, Timestamp};
use crate::error::ApiError;
use crate::launch::StopRequest;

impl State {
    /// Reboots an idle or running node.
    pub(crate) fn reboot_node(
        &mut self,
        pool: &str,
        node: &str,
        tasks: Deallocation,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let found = self.pool(pool)?.node(node)?;
        found.check_has_files()?;
        if !found.is_ready() || !found.is_staying() {
            return Err(ApiError::wrong_state());
        }
        let waits = matches!(tasks, Deallocation::TaskCompletion | Deallocation::RetainedData);
        if waits && !found.runs.is_empty() {
            return Err(ApiError::not_modelled("a reboot that waits for tasks"));
        }
        let (pool, node) = (key(pool), found.id.clone());
        let at = self.stamp(now);
        self.change_node(&pool, &node, |node| node.enter(NodeState::Rebooting, at));
        self.handle_tasks(&pool, &node, tasks, at);
        self.abandon_start_task(&pool, &node, at);
        let Some(found) = self.pools.get(&pool) else { return Ok(()) };
        // The machine exists, so only the part of the boot remains.
        let boot = found.timings.boot.sample(&mut self.rng) * 4 / 5;
        let due = self.current_timestamp().plus(boot);
        self.change_node(&pool, &node, |node| node.next_step = Some(due));
        self.after(boot, Timer::BootStep { pool, node });
        Ok(())
    }

    /// Disables the scheduling of tasks on a node, or enables it again.
    pub(crate) fn set_node_scheduling(
        &mut self,
        pool: &str,
        node: &str,
        disabled: Option<Deallocation>,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let found = self.pool(pool)?.node(node)?;
        if found.unscheduled == disabled.is_some() {
            return Err(ApiError::already_scheduled_so());
        }
        let (pool, node) = (key(pool), found.id.clone());
        let at = self.stamp(now);
        self.change_node(&pool, &node, |node| {
            node.unscheduled = disabled.is_some();
            if node.runs.is_empty() && node.is_ready() {
                node.since = at;
            }
        });
        if let Some(tasks) = disabled {
            self.handle_tasks(&pool, &node, tasks, at);
        }
        Ok(())
    }

    /// Handles the running tasks of a node as a client requests; those that it waits for continue.
    fn handle_tasks(&mut self, pool: &str, node: &str, tasks: Deallocation, at: Timestamp) {
        for run in self.runs_on(pool, node) {
            match tasks {
                Deallocation::Requeue => {
                    self.requeue_run(run, Requeue::Requested, StopRequest::Kill, at);
                }
                Deallocation::Terminate => self.end_run(run, at),
                Deallocation::TaskCompletion | Deallocation::RetainedData => {}
            }
        }
    }
}
