//! Resizes of pools: requests for nodes, and removals.

use super::pool::{Allocation, NodeRequest, Targets};
use super::timers::Timer;
use super::{Effect, State};
use crate::dto::{Deallocation, Detail, NamedError, Timestamp};

impl State {
    /// Sets the targets of a pool and starts the resize.
    pub(super) fn start_resize(
        &mut self,
        id: &str,
        targets: Targets,
        deallocation: Deallocation,
        at: Timestamp,
    ) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.targets = targets;
        pool.resize_errors.clear();
        pool.set_allocation_state(Allocation::Resizing, at);
        for dedicated in [true, false] {
            self.resize_kind(id, dedicated, targets.of(dedicated), deallocation, at);
        }
        self.start_resize_timer(id);
        self.update_allocation_state(id, at);
    }

    fn resize_kind(
        &mut self,
        id: &str,
        dedicated: bool,
        wanted: usize,
        deallocation: Deallocation,
        at: Timestamp,
    ) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        let planned = pool.committed(dedicated);
        if planned < wanted {
            return self.request_nodes(id, dedicated, wanted - planned);
        }
        let mut surplus = planned - wanted;
        let open = |(_, request): &(&u64, &NodeRequest)| {
            request.dedicated == dedicated && request.replaces.is_none()
        };
        let open: Vec<u64> =
            pool.node_requests.iter().rev().filter(open).map(|(id, _)| *id).collect();
        for request in open.into_iter().take(surplus) {
            pool.node_requests.remove(&request);
            surplus -= 1;
        }
        for node in pool.removal_candidates(dedicated, surplus) {
            self.start_node_removal(id, &node, deallocation, at);
        }
    }

    fn request_nodes(&mut self, id: &str, dedicated: bool, count: usize) {
        let nodes_within_quota = self.nodes_within_quota(id, dedicated);
        let Some(pool) = self.pools.get_mut(id) else { return };
        if !pool.injected_errors.is_empty() {
            let error = pool.injected_errors.remove(0);
            return pool.resize_errors.push(error);
        }
        if nodes_within_quota < count {
            pool.resize_errors.push(quota_reached(dedicated));
        }
        for _ in 0..count.min(nodes_within_quota) {
            self.request_node(id, NodeRequest { dedicated, replaces: None });
        }
    }

    /// Requests one node.
    pub(super) fn request_node(&mut self, id: &str, request: NodeRequest) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        let number = pool.add_node_request(request);
        if !pool.frozen {
            let delay = pool.timings.allocation.sample(&mut self.rng);
            self.after(delay, Timer::NodeAllocation { pool: id.to_owned(), request: number });
        }
    }

    /// Returns how many more nodes of a pool the core quota allows.
    fn nodes_within_quota(&self, id: &str, dedicated: bool) -> usize {
        let quota = &self.rules.quota;
        let all = if dedicated { quota.dedicated_cores } else { quota.low_priority_cores } as usize;
        let cores = |pool: &super::Pool| pool.committed(dedicated) * pool.cores() as usize;
        let used: usize = self.pools.values().map(cores).sum();
        let cores = self.pools.get(id).map_or(1, super::Pool::cores);
        all.saturating_sub(used) / cores as usize
    }

    /// Allocates a requested node.
    pub(super) fn allocate_node(&mut self, id: &str, request: u64, due: Timestamp) {
        let Some(pool) = self.pools.get_mut(id).filter(|pool| !pool.frozen) else { return };
        let Some(NodeRequest { dedicated, replaces }) = pool.node_requests.remove(&request) else {
            return;
        };
        let at = self.stamp(due.to_utc());
        let Some(pool) = self.pools.get_mut(id) else { return };
        let node = match replaces {
            // Its machine and disk are gone.
            Some(id) if pool.replace_node(&id, at) => {
                let root = [pool.id.as_str(), id.as_str()].iter().collect();
                self.effects.push(Effect::RemoveDirectory(root));
                id
            }
            Some(_) => return,
            None => pool.add_node(dedicated, at),
        };
        self.update_allocation_state(id, at);
        self.start_boot(id, &node);
    }

    /// Prevents the allocation of nodes, or allows that of the requested ones.
    pub(super) fn set_frozen(&mut self, id: &str, frozen: bool) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.frozen = frozen;
        let node_requests: Vec<u64> =
            pool.node_requests.keys().copied().filter(|_| !frozen).collect();
        for request in node_requests {
            let Some(pool) = self.pools.get(id) else { return };
            let delay = pool.timings.allocation.sample(&mut self.rng);
            self.after(delay, Timer::NodeAllocation { pool: id.to_owned(), request });
        }
    }

    fn start_resize_timer(&mut self, id: &str) {
        let now = self.current_timestamp();
        let Some(pool) = self.pools.get_mut(id) else { return };
        let due = pool.resize_time_limit().map(|resize_time_limit| now.plus(resize_time_limit));
        pool.resize_due = due;
        self.timers.extend(due.map(|due| (due, Timer::ResizeTimeout { pool: id.to_owned() })));
    }

    /// Ends a resize that exceeds its timeout.
    pub(super) fn time_out_resize(&mut self, id: &str, due: Timestamp) {
        let Some(pool) = self.pools.get_mut(id).filter(|pool| pool.resize_due == Some(due)) else {
            return;
        };
        let missing: Vec<_> =
            [true, false].into_iter().filter(|kind| pool.has_open_request(*kind)).collect();
        // The timeout does not apply to removals, which last as long as their tasks.
        if missing.is_empty() {
            return;
        }
        pool.resize_errors.extend(missing.into_iter().map(timed_out));
        self.end_resize(id, due);
    }

    /// Ends a resize at the client's request.
    pub(super) fn stop_resizing(&mut self, id: &str, at: Timestamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.resize_errors.push(resize_error("ResizeStopped", "Resize operation was stopped"));
        self.end_resize(id, at);
    }

    fn end_resize(&mut self, id: &str, at: Timestamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.node_requests.retain(|_, request| request.replaces.is_some());
        pool.set_allocation_state(Allocation::Stopping, at);
        self.update_allocation_state(id, at);
    }

    /// Advances a pool's allocation state: to steady, or to the end of its deletion.
    pub(super) fn update_allocation_state(&mut self, id: &str, at: Timestamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        if pool.deleting.is_some() && pool.nodes.is_empty() {
            self.pools.remove(id);
            self.samples.remove(id);
        } else if pool.has_no_pending_change() {
            pool.set_allocation_state(Allocation::Steady, at);
            pool.resize_due = None;
        }
    }
}

fn timed_out(dedicated: bool) -> NamedError {
    let kind = if dedicated { "dedicated" } else { "Spot" };
    let text = format!(
        "Desired number of {kind} nodes could not be allocated as the resize timeout was reached"
    );
    resize_error("AllocationTimedout", &text)
}

fn quota_reached(dedicated: bool) -> NamedError {
    if dedicated {
        return resize_error(
            "AccountCoreQuotaReached",
            "The specified account has reached core quota",
        );
    }
    resize_error("AccountSpotCoreQuotaReached", "The specified account has reached spot core quota")
}

/// Creates an error of a resize.
pub(super) fn resize_error(code: &'static str, message: &str) -> NamedError {
    NamedError { code, message: message.to_owned(), values: Vec::<Detail>::new() }
}
