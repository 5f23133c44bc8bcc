//! Operations on pools and nodes that do not change their sizes.

use http::StatusCode;
use serde_json::Value;

use super::{Call, Reply, views};
use crate::Batch;
use crate::failure::Failure;
use crate::state::State;
use crate::wire::{NewPool, NodeView, PoolPatch, PoolView};

impl Batch {
    pub(super) fn add_pool(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let spec: NewPool = call.body()?;
        spec.check()?;
        let id = spec.id.clone();
        let mut state = self.state();
        state.add_pool(spec, self.site.clock.now())?;
        written(&state, &id, StatusCode::CREATED)
    }

    pub(super) fn update_pool(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let patch: PoolPatch = call.body()?;
        self.change_pool(call, StatusCode::OK, |state, id| {
            patch.check(&state.pool(id)?.spec.vm_size)?;
            state.update_pool(id, patch, self.site.clock.now())
        })
    }

    pub(super) fn delete_pool(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let mut state = self.state();
        let id = call.route.id(0);
        call.check(state.pool(id)?.modified)?;
        state.delete_pool(id, self.site.clock.now())?;
        Ok(Reply::new(StatusCode::ACCEPTED))
    }

    /// Changes a pool, if the request's conditions hold, and answers the write.
    pub(super) fn change_pool(
        &self,
        call: &Call<'_>,
        status: StatusCode,
        change: impl FnOnce(&mut State, &str) -> Result<(), Failure>,
    ) -> Result<Reply, Failure> {
        let mut state = self.state();
        let id = call.route.id(0);
        call.check(state.pool(id)?.modified)?;
        change(&mut state, id)?;
        written(&state, id, status)
    }

    pub(super) fn get_pool(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let select = call.query(&["$select"])?.selection(PoolView::PROPERTIES)?;
        let state = self.state();
        let pool = state.pool(call.route.id(0))?;
        call.check(pool.modified)?;
        let body = select.write(&views::pool(&call.base, pool));
        Ok(Reply::showing(&call.base, "pools/@Element", body).modified(pool.modified))
    }

    pub(super) fn pool_exists(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let state = self.state();
        let pool = state.pool(call.route.id(0))?;
        call.check(pool.modified)?;
        Ok(Reply::new(StatusCode::OK).modified(pool.modified))
    }

    pub(super) fn list_pools(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let query = call.query(&["$filter", "$select", "maxresults", "$skiptoken"])?;
        let (select, page) = (query.selection(PoolView::PROPERTIES)?, query.page()?);
        let filter = query.filter(views::POOL_FIELDS)?;
        let state = self.state();
        let pools = state.pools.iter();
        let pools = pools.filter(|(id, _)| page.after.is_none_or(|after| id.as_str() > after));
        let pools = pools.filter(|(_, pool)| filter.passes(|name| views::pool_field(pool, name)));
        let (pools, last) = page.cut(pools);
        let pools = pools.into_iter().map(|pool| select.write(&views::pool(&call.base, pool)));
        Ok(call.list(&query, "pools", (pools.collect(), last)))
    }

    pub(super) fn get_node(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let select = call.query(&["$select"])?.selection(NodeView::PROPERTIES)?;
        let state = self.state();
        let pool = state.pool(call.route.id(0))?;
        let node = pool.node(call.route.id(1))?;
        let body = select.write(&views::node(&call.base, pool, node));
        Ok(Reply::showing(&call.base, "nodes/@Element", body))
    }

    pub(super) fn list_nodes(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let query = call.query(&["$filter", "$select", "maxresults", "$skiptoken"])?;
        let (select, page) = (query.selection(NodeView::PROPERTIES)?, query.page()?);
        let filter = query.filter(views::NODE_FIELDS)?;
        let state = self.state();
        let pool = state.pool(call.route.id(0))?;
        // Nodes are listed in the order in which the pool got them, so a page is told by its place.
        let begin = page.after.and_then(|after| after.parse().ok()).unwrap_or(0);
        let nodes = pool.nodes.iter().enumerate().map(|(place, node)| (place + 1, node));
        let nodes = nodes.filter(|(place, _)| *place > begin);
        let nodes = nodes.filter(|(_, node)| filter.passes(|name| views::node_field(node, name)));
        let (nodes, last) = page.cut(nodes);
        let write = |node| select.write(&views::node(&call.base, pool, node));
        let nodes: Vec<Value> = nodes.into_iter().map(write).collect();
        Ok(call.list(&query, "nodes", (nodes, last)))
    }
}

/// Answers a write to a pool.
fn written(state: &State, id: &str, status: StatusCode) -> Result<Reply, Failure> {
    let pool = state.pool(id)?;
    let path = format!("/pools/{}", pool.id);
    Ok(Reply::new(status).modified(pool.modified).subject(path))
}
