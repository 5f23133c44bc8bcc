//! The lifecycle of nodes: boot, loss, removal.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::node::{Node, NodeState};
use super::pool::NodeRequest;
use super::task::Requeue;
use super::timers::Timer;
use super::{Effect, RunId, State, key};
use crate::dto::{Deallocation, Timestamp};
use crate::error::ApiError;
use crate::launch::StopRequest;

/// The way in which a node is lost.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// Azure preempts the node; another machine with the same node id may replace it later.
    Preempted,
    /// The machine fails, and boots again with the same node id.
    Died,
}

impl State {
    /// Starts the boot of a node.
    pub(super) fn start_boot(&mut self, pool: &str, node: &str) {
        let now = self.current_timestamp();
        let Some(found) = self.pools.get(pool) else { return };
        let total = found.timings.boot.sample(&mut self.rng);
        // Creating the machine takes a small part of the time; booting takes the rest.
        let creation = total / 5;
        self.change_node(pool, node, |node| {
            node.remaining_boot_time = total - creation;
            node.next_step = Some(now.plus(creation));
        });
        self.after(creation, Timer::BootStep { pool: pool.to_owned(), node: node.to_owned() });
    }

    /// Advances a node to its next boot state.
    pub(super) fn advance_boot(&mut self, pool: &str, id: &str, due: Timestamp) {
        let found = self.pools.get(pool).and_then(|pool| pool.nodes.get(id));
        let Some(node) = found.filter(|node| node.next_step == Some(due)) else { return };
        let wait = node.remaining_boot_time;
        match node.phase.state {
            NodeState::Creating => {
                self.change_node(pool, id, |node| {
                    node.enter(NodeState::Starting, due);
                    node.next_step = Some(due.plus(wait));
                });
                self.after(wait, Timer::BootStep { pool: pool.to_owned(), node: id.to_owned() });
            }
            NodeState::Starting | NodeState::Rebooting => {
                let at = self.stamp(due.to_utc());
                self.change_node(pool, id, |node| {
                    node.next_step = None;
                    node.booted = Some(at);
                });
                self.run_start_task(pool, id, at);
            }
            _ => {}
        }
    }

    /// Enters a state, unless the node is being removed.
    pub(super) fn enter_node_state(
        &mut self,
        pool: &str,
        id: &str,
        state: NodeState,
        at: Timestamp,
    ) {
        self.change_node(pool, id, |node| {
            if node.is_staying() {
                node.enter(state, at);
            }
        });
    }

    /// Loses a node: its tasks are requeued and run again. A node that is being removed leaves sooner.
    pub(crate) fn lose_node(
        &mut self,
        node: &str,
        loss: Loss,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let of = |(_, pool): &(&String, &super::Pool)| pool.node(node).is_ok();
        let (id, pool) = self.pools.iter().find(of).ok_or_else(ApiError::node_not_found)?;
        let (id, found) = (id.clone(), pool.node(node)?);
        let (node, dedicated, stays) = (found.id.clone(), found.dedicated, found.is_staying());
        if found.is_preempted() {
            return Err(ApiError::node_not_found());
        }
        self.evict_tasks(&id, &node, Requeue::NodeLost, at);
        match loss {
            _ if !stays => {}
            Loss::Preempted => {
                self.change_node(&id, &node, |node| {
                    node.enter(NodeState::Preempted, at);
                    node.next_step = None;
                });
                self.request_node(&id, NodeRequest { dedicated, replaces: Some(node) });
            }
            Loss::Died => {
                self.change_node(&id, &node, |node| node.enter(NodeState::Creating, at));
                self.start_boot(&id, &node);
            }
        }
        Ok(())
    }

    /// Requeues a node's tasks and kills their runs.
    fn evict_tasks(&mut self, pool: &str, node: &str, reason: Requeue, at: Timestamp) {
        for run in self.runs_on(pool, node) {
            self.requeue_run(run, reason, StopRequest::Kill, at);
        }
        self.abandon_start_task(pool, node, at);
    }

    pub(super) fn runs_on(&self, pool: &str, node: &str) -> Vec<RunId> {
        let node = self.pools.get(pool).and_then(|pool| pool.node(node).ok());
        node.map(|node| node.runs.iter().copied().collect()).unwrap_or_default()
    }

    /// Starts the removal of a node and handles its tasks.
    pub(super) fn start_node_removal(
        &mut self,
        pool: &str,
        id: &str,
        deallocation: Deallocation,
        at: Timestamp,
    ) {
        let found = self.pools.get(pool).and_then(|pool| pool.nodes.get(id));
        let Some(found) = found.filter(|node| node.is_staying()) else { return };
        let preempted = found.is_preempted();
        self.change_node(pool, id, |node| {
            node.leaving = Some(deallocation);
            node.next_step = None;
            node.enter(NodeState::LeavingPool, at);
        });
        match deallocation {
            Deallocation::Requeue => self.evict_tasks(pool, id, Requeue::Requested, at),
            Deallocation::Terminate => {
                for run in self.runs_on(pool, id) {
                    self.end_run(run, at);
                }
                self.abandon_start_task(pool, id, at);
            }
            Deallocation::TaskCompletion | Deallocation::RetainedData => {}
        }
        if let Some(pool) = self.pools.get_mut(pool).filter(|_| preempted) {
            pool.node_requests.retain(|_, request| request.replaces.as_deref() != Some(id));
        }
        self.start_departure_if_drained(pool, id);
    }

    /// Sets the departure timer of a node that is being removed, once no task delays it.
    pub(super) fn start_departure_if_drained(&mut self, pool: &str, id: &str) {
        let Some(found) = self.pools.get(pool) else { return };
        let Ok(node) = found.node(id) else { return };
        let Some(deallocation) = node.leaving.filter(|_| !node.departure_started) else { return };
        let waits =
            matches!(deallocation, Deallocation::TaskCompletion | Deallocation::RetainedData);
        if waits && !node.runs.is_empty() {
            return;
        }
        let kept = found.retention(id).filter(|_| deallocation == Deallocation::RetainedData);
        let wait = found.timings.departure.sample(&mut self.rng);
        let now = self.current_timestamp();
        let begin = kept.map_or(now, |kept| kept.max(now));
        self.change_node(pool, id, |node| node.departure_started = true);
        let wait = begin.to_utc() - now.to_utc() + wait;
        self.after(wait, Timer::NodeDeparture { pool: pool.to_owned(), node: id.to_owned() });
    }

    /// Removes a node from its pool.
    pub(super) fn remove_departed_node(&mut self, id: &str, node: &str, due: Timestamp) {
        let at = self.stamp(due.to_utc());
        let Some(pool) = self.pools.get_mut(id) else { return };
        let root: std::path::PathBuf = [pool.id.as_str(), node].iter().collect();
        pool.nodes.remove(node);
        self.effects.push(Effect::RemoveDirectory(root));
        self.update_allocation_state(id, at);
    }

    /// Changes a node, given the key of its pool; `None` if it does not exist.
    pub(super) fn change_node<R>(
        &mut self,
        pool: &str,
        node: &str,
        change: impl FnOnce(&mut Node) -> R,
    ) -> Option<R> {
        self.pools.get_mut(pool)?.nodes.change(node, change)
    }

    /// Returns the exact ids of a pool's nodes for ids from a client.
    pub(super) fn resolve_node_ids(
        &self,
        pool: &str,
        ids: &[String],
    ) -> Result<Vec<String>, ApiError> {
        let pool = self.pools.get(&key(pool)).ok_or_else(ApiError::pool_not_found)?;
        ids.iter().map(|id| pool.node(id).map(|node| node.id.clone())).collect()
    }
}
