//! Operations on pools and nodes, except resizes.

use http::StatusCode;
use serde_json::Value;

use super::views;
use crate::Batch;
use crate::call::{Call, Reply};
use crate::dto::{NewPool, NodeView, PoolPatch, PoolReplace, PoolView};
use crate::error::ApiError;
use crate::state::State;

impl Batch {
    pub(crate) fn add_pool(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let spec: NewPool = call.body()?;
        spec.check()?;
        let id = spec.id.clone();
        let mut state = self.state();
        state.add_pool(spec, self.context.clock.now())?;
        written(&state, &id, StatusCode::CREATED)
    }

    pub(crate) fn update_pool(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let patch: PoolPatch = call.body()?;
        self.change_pool(call, StatusCode::OK, |state, id| {
            patch.check(&state.pool(id)?.spec.vm_size)?;
            state.update_pool(id, patch, self.context.clock.now())
        })
    }

    pub(crate) fn replace_pool(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let replace: PoolReplace = call.body()?;
        replace.check(call.version.has("certificateReferences"))?;
        self.change_pool(call, StatusCode::NO_CONTENT, |state, id| {
            state.replace_pool(id, replace, self.context.clock.now())
        })
    }

    pub(crate) fn delete_pool(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let mut state = self.state();
        let id = call.parameter("pool");
        call.check(state.pool(id)?.modified)?;
        state.delete_pool(id, self.context.clock.now())?;
        Ok(Reply::new(StatusCode::ACCEPTED))
    }

    /// Changes a pool if the request's conditions hold.
    pub(super) fn change_pool(
        &self,
        call: &Call<'_>,
        status: StatusCode,
        change: impl FnOnce(&mut State, &str) -> Result<(), ApiError>,
    ) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let id = call.parameter("pool");
        call.check(state.pool(id)?.modified)?;
        change(&mut state, id)?;
        written(&state, id, status)
    }

    pub(crate) fn get_pool(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let select = call.query(&["$select"])?.selection(PoolView::PROPERTIES)?;
        let state = self.state();
        let pool = state.pool(call.parameter("pool"))?;
        call.check(pool.modified)?;
        let body = select.write(&views::pool(&call.base, pool));
        Ok(Reply::json(&call.base, "pools/@Element", body).modified(pool.modified))
    }

    pub(crate) fn pool_exists(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let state = self.state();
        let pool = state.pool(call.parameter("pool"))?;
        call.check(pool.modified)?;
        Ok(Reply::new(StatusCode::OK).modified(pool.modified))
    }

    pub(crate) fn list_pools(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = call.query(&["$filter", "$select", "maxresults", "$skiptoken"])?;
        let (select, page) = (query.selection(PoolView::PROPERTIES)?, query.page()?);
        let filter = query.filter(views::POOL_FIELDS)?;
        let state = self.state();
        let pools = state.pools.iter();
        let pools = pools.filter(|(id, _)| page.after.is_none_or(|after| id.as_str() > after));
        let pools = pools.filter(|(_, pool)| filter.matches(|name| views::pool_field(pool, name)));
        let (pools, last) = page.cut(pools);
        let pools = pools.into_iter().map(|pool| select.write(&views::pool(&call.base, pool)));
        Ok(call.list(&query, "pools", (pools.collect(), last)))
    }

    pub(crate) fn get_node(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let select = call.query(&["$select"])?.selection(NodeView::PROPERTIES)?;
        let state = self.state();
        let pool = state.pool(call.parameter("pool"))?;
        let node = pool.node(call.parameter("node"))?;
        let body = select.write(&views::node(&call.base, pool, node));
        Ok(Reply::json(&call.base, "nodes/@Element", body))
    }

    pub(crate) fn list_nodes(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = call.query(&["$filter", "$select", "maxresults", "$skiptoken"])?;
        let (select, page) = (query.selection(NodeView::PROPERTIES)?, query.page()?);
        let filter = query.filter(views::NODE_FIELDS)?;
        let state = self.state();
        let pool = state.pool(call.parameter("pool"))?;
        // Nodes are listed in the order of their allocation, so a page is identified by its offset.
        let begin = page.after.and_then(|after| after.parse().ok()).unwrap_or(0);
        let nodes = pool.nodes.iter().enumerate().map(|(index, node)| (index + 1, node));
        let nodes = nodes.filter(|(index, _)| *index > begin);
        let nodes = nodes.filter(|(_, node)| filter.matches(|name| views::node_field(node, name)));
        let (nodes, last) = page.cut(nodes);
        let write = |node| select.write(&views::node(&call.base, pool, node));
        let nodes: Vec<Value> = nodes.into_iter().map(write).collect();
        Ok(call.list(&query, "nodes", (nodes, last)))
    }
}

/// Creates the response to a change of a pool.
fn written(state: &State, id: &str, status: StatusCode) -> Result<Reply, ApiError> {
    let pool = state.pool(id)?;
    let path = format!("/pools/{}", pool.id);
    Ok(Reply::new(status).modified(pool.modified).subject(path))
}
