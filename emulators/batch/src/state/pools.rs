//! Changes of pools, and the fixed pools that exist from the start.

use chrono::{DateTime, Utc};

use super::pool::{Allocation, Pool, Targets};
use super::sizing::resize_error;
use super::{State, key};
use crate::dto::{
    Deallocation, NewPool, NodeRemoval, PoolPatch, PoolReplace, PoolResize, Timestamp,
};
use crate::error::ApiError;
use crate::timings::Timings;

impl State {
    /// Adds an empty fixed pool, whose nodes are allocated immediately.
    pub(crate) fn add_fixed_pool(&mut self, spec: NewPool, now: DateTime<Utc>) {
        let (at, id) = (self.stamp(now), key(&spec.id));
        self.pools.insert(id.clone(), Pool::new(spec, Timings::NONE, at));
        self.update_queue_of(&id);
    }

    /// Adds a pool and starts the allocation of its nodes.
    pub(crate) fn add_pool(&mut self, spec: NewPool, now: DateTime<Utc>) -> Result<(), ApiError> {
        let id = key(&spec.id);
        if let Some(pool) = self.pools.get(&id) {
            pool.check_not_deleting()?;
            return Err(ApiError::pool_exists());
        }
        if self.pools.len() >= self.rules.quota.pools {
            return Err(ApiError::pool_quota_reached());
        }
        let formula =
            spec.auto_scale_formula.clone().filter(|_| spec.enable_auto_scale == Some(true));
        formula.as_deref().map(Self::parse_formula).transpose()?;
        let targets = Targets {
            dedicated: spec.target_dedicated_nodes.unwrap_or(0),
            low_priority: spec.target_low_priority_nodes.unwrap_or(0),
        };
        let (at, interval) = (self.stamp(now), spec.auto_scale_evaluation_interval);
        self.pools.insert(id.clone(), Pool::new(spec, self.rules.timings, at));
        self.update_queue_of(&id);
        match formula {
            Some(formula) => {
                self.use_formula(&id, &formula, interval)?;
                self.evaluate(&id);
            }
            None => self.start_resize(&id, targets, Deallocation::default(), at),
        }
        Ok(())
    }

    /// Applies a patch.
    pub(crate) fn update_pool(
        &mut self,
        id: &str,
        patch: PoolPatch,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let pool = self.pool_mut(id)?;
        pool.check_not_deleting()?;
        let empty = pool.nodes.is_empty() && pool.node_requests.is_empty();
        if patch.needs_an_empty_pool() && !empty {
            return Err(ApiError::wrong_state());
        }
        pool.modified = at;
        pool.apply(patch);
        self.update_queue_of(&key(id));
        Ok(())
    }

    /// Replaces the properties that can change at any time; nodes that have started keep their own.
    pub(crate) fn replace_pool(
        &mut self,
        id: &str,
        replace: PoolReplace,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let pool = self.pool_mut(id)?;
        pool.check_not_deleting()?;
        pool.modified = at;
        pool.replace(replace);
        Ok(())
    }

    /// Deletes a pool after its nodes are removed; their tasks are requeued.
    pub(crate) fn delete_pool(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
        let id = key(id);
        self.pool(&id)?.check_not_deleting()?;
        let at = self.stamp(now);
        let pool = self.pool_mut(&id)?;
        (pool.deleting, pool.modified, pool.scaling) = (Some(at), at, None);
        pool.node_requests.clear();
        self.start_resize(&id, Targets::default(), Deallocation::Requeue, at);
        Ok(())
    }

    /// Sets the targets of a pool.
    pub(crate) fn resize_pool(
        &mut self,
        id: &str,
        resize: PoolResize,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let id = key(id);
        let at = self.prepare_resize(&id, now)?;
        let pool = self.pool_mut(&id)?;
        pool.resize_timeout = resize.resize_timeout.unwrap_or(pool.resize_timeout);
        let targets = Targets {
            dedicated: resize.target_dedicated_nodes.unwrap_or(pool.targets.dedicated),
            low_priority: resize.target_low_priority_nodes.unwrap_or(pool.targets.low_priority),
        };
        let deallocation = resize.node_deallocation_option.unwrap_or_default();
        self.start_resize(&id, targets, deallocation, at);
        Ok(())
    }

    /// Removes nodes and reduces the targets accordingly. Rejected while the pool has a formula.
    pub(crate) fn remove_nodes(
        &mut self,
        id: &str,
        removal: &NodeRemoval,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let (id, nodes) = (key(id), self.resolve_node_ids(id, &removal.node_list)?);
        self.pool(&id)?.check_removal()?;
        let at = self.stamp(now);
        let deallocation = removal.node_deallocation_option.unwrap_or_default();
        let pool = self.pool_mut(&id)?;
        pool.modified = at;
        pool.resize_timeout = removal.resize_timeout.unwrap_or(pool.resize_timeout);
        for node in &nodes {
            let dedicated = self.pool(&id)?.node(node)?.dedicated;
            self.start_node_removal(&id, node, deallocation, at);
            if let Some(pool) = self.pools.get_mut(&id) {
                let targets = &mut pool.targets;
                let target =
                    if dedicated { &mut targets.dedicated } else { &mut targets.low_priority };
                *target = (*target - 1).max(0);
            }
        }
        let targets = self.pool(&id)?.targets;
        self.start_resize(&id, targets, deallocation, at);
        Ok(())
    }

    /// Stops a resize; the pool keeps its current size.
    pub(crate) fn stop_resize(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
        let pool = self.pool(id)?;
        pool.check_not_deleting()?;
        if pool.allocation.state != Allocation::Resizing {
            return Err(ApiError::wrong_state());
        }
        let at = self.stamp(now);
        self.stop_resizing(&key(id), at);
        Ok(())
    }

    fn prepare_resize(&mut self, id: &str, now: DateTime<Utc>) -> Result<Timestamp, ApiError> {
        let pool = self.pool(id)?;
        if pool.scaling.is_some() {
            return Err(ApiError::scaling_enabled());
        }
        pool.check_steady()?;
        let at = self.stamp(now);
        self.pool_mut(id)?.modified = at;
        Ok(at)
    }

    /// Sets the number of dedicated nodes of a pool, whatever its state.
    pub(crate) fn resize(
        &mut self,
        id: &str,
        nodes: usize,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let pool = self.pool_mut(id)?;
        pool.modified = at;
        let dedicated = i32::try_from(nodes).unwrap_or(i32::MAX);
        let targets = Targets { dedicated, ..pool.targets };
        self.start_resize(&key(id), targets, Deallocation::Requeue, at);
        Ok(())
    }

    /// Prevents tasks from starting, or allows it again.
    pub(crate) fn set_held(&mut self, pool: &str, held: bool) -> Result<(), ApiError> {
        self.pool_mut(pool)?.held = held;
        Ok(())
    }

    /// Prevents the allocation of nodes, or allows it again.
    pub(crate) fn set_allocation_frozen(
        &mut self,
        pool: &str,
        frozen: bool,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        self.pool(pool)?;
        self.stamp(now);
        self.set_frozen(&key(pool), frozen);
        Ok(())
    }

    /// Injects an error into the next resize of a pool.
    pub(crate) fn fail_next_resize(
        &mut self,
        pool: &str,
        code: &'static str,
    ) -> Result<(), ApiError> {
        let error = resize_error(code, "Desired number of nodes could not be allocated");
        self.pool_mut(pool)?.injected_errors.push(error);
        Ok(())
    }

    /// Preempts spot nodes of a pool, the oldest first, and returns their number.
    pub(crate) fn preempt(
        &mut self,
        pool: &str,
        count: usize,
        now: DateTime<Utc>,
    ) -> Result<usize, ApiError> {
        let preemptible =
            |node: &&super::Node| !node.dedicated && node.is_staying() && !node.is_preempted();
        let nodes = self.pool(pool)?.nodes.iter().filter(preemptible).take(count);
        let nodes: Vec<_> = nodes.map(|node| node.id.clone()).collect();
        for node in &nodes {
            self.lose_node(node, super::Loss::Preempted, now)?;
        }
        Ok(nodes.len())
    }

    /// Updates the queue entries of a pool's jobs.
    fn update_queue_of(&mut self, pool: &str) {
        let on_pool = |(_, job): &(&String, &super::Job)| job.pool().eq_ignore_ascii_case(pool);
        let jobs: Vec<_> = self.jobs.iter().filter(on_pool).map(|(id, _)| id.clone()).collect();
        for job in jobs {
            self.update_queue_entry(&job);
        }
    }
}
