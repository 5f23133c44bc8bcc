//! Pools.

use serde_json::{Value, json};

use crate::model::pool::Pool;
use crate::state::State;

/// Writes a pool.
pub(crate) fn full(state: &State, pool: &Pool) -> Value {
    json!({
        "id": pool.id,
        "name": pool.name,
        "scope": state.instance_id,
        "poolType": "automation",
        "isHosted": pool.is_hosted,
        "isLegacy": false,
        "size": state.agents_of(pool.id).count(),
        "autoProvision": true,
        "autoUpdate": pool.auto_update,
        "autoSize": true,
        "options": "none",
    })
}
