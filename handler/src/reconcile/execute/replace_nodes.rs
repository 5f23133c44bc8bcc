//! Removes nodes that have run their one job, and restores the size of their pool.
//!
//! The size is recorded before automatic scaling is disabled, and marked as restored after it is enabled again. A run
//! that is killed in between is continued by the next one.

use anyhow::Context;

use crate::app::App;
use crate::reconcile::used_nodes::{HeldSize, HeldSizes, PoolSize};
use crate::storage::Written;

/// Removes nodes; `hold` says whether the size of the pool is recorded first.
///
/// The size is read once more: an operator may have changed the formula since the pool was listed.
pub(super) async fn remove(
    app: &App,
    pool: &str,
    nodes: &[String],
    hold: bool,
) -> anyhow::Result<String> {
    if hold {
        let size = app.batch.pool_size(pool).await?;
        let scaled = matches!(size, PoolSize::Formula { .. });
        record(app, pool, HeldSize { size, since: app.clock.now(), restored: None }).await?;
        if scaled {
            app.batch.disable_scaling(pool).await?;
        }
    }
    app.batch.remove_nodes(pool, nodes).await?;
    Ok(format!("nodes {} of pool {pool} removed after their jobs", nodes.join(", ")))
}

/// Restores the size of a pool, unless its formula is enabled already.
pub(super) async fn restore(app: &App, pool: &str, size: &PoolSize) -> anyhow::Result<String> {
    let now = app.batch.pool_size(pool).await?;
    if now != *size && !matches!(now, PoolSize::Formula { .. }) {
        app.batch.set_size(pool, size).await?;
    }
    let restored = Some(app.clock.now());
    let held = HeldSize { size: size.clone(), since: app.clock.now(), restored };
    record(app, pool, held).await?;
    Ok(match size {
        PoolSize::Formula { .. } => format!("automatic scaling of pool {pool} enabled again"),
        PoolSize::Fixed { dedicated, low_priority } => {
            format!("pool {pool} has {dedicated} dedicated and {low_priority} spot nodes again")
        }
    })
}

async fn record(app: &App, pool: &str, held: HeldSize) -> anyhow::Result<()> {
    let stored = app.held_sizes.read().await?;
    let mut sizes: HeldSizes = match stored.bytes.as_deref() {
        Some(bytes) => serde_json::from_slice(bytes).context("read the sizes of held pools")?,
        None => HeldSizes::new(),
    };
    sizes.insert(pool.to_owned(), held);
    let bytes = serde_json::to_vec(&sizes).expect("plain fields always serialize");
    match app.held_sizes.write(bytes, &stored).await? {
        Written::Done => Ok(()),
        Written::Conflict => {
            anyhow::bail!("record the size of pool {pool}: another run has written it")
        }
    }
}
