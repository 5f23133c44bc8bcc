//! Loses nodes on which a runner has just been started, as fate has it: before it claims, after, or with its job.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use emulators::batch::{Batch, Loss};
use emulators::events::{Happening, Site};
use emulators::service::Service;

use super::super::weather::Weather;

/// Begins to listen for tasks that start.
pub(super) fn begin(site: &Site, weather: &Arc<Weather>, batch: &Arc<Service<Batch>>) {
    let (mut events, weather) = (site.listen(), Arc::clone(weather));
    let batch = Arc::downgrade(batch);
    let mut runs: BTreeMap<String, u32> = BTreeMap::new();
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            let Happening::TaskStarted { task, node, .. } = event.what else { continue };
            let run = runs.entry(task.clone()).or_default();
            *run += 1;
            let second = weather.chronicle.second();
            let Some(after) = weather.fates().loses_node(&task, *run, second) else { continue };
            tokio::spawn(lose(Arc::clone(&weather), Weak::clone(&batch), node, after));
        }
    });
}

async fn lose(weather: Arc<Weather>, batch: Weak<Service<Batch>>, label: String, after: Duration) {
    weather.pass(after).await;
    let Some(batch) = batch.upgrade() else { return };
    let batch = &batch.emulator;
    let mut nodes = batch.pools().into_iter().flat_map(|pool| batch.nodes(&pool.id));
    if let Some(node) = nodes.find(|node| node.label == label && node.running > 0) {
        batch.lose_node(&node.id, Loss::Died).expect("it was just listed");
        weather.chronicle.line(&format!("node {label} is lost"));
    }
}
