//! Loses nodes on which a runner has just been started, as fate has it: before it claims, after, or with its job.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use emulators::batch::{Batch, Loss};
use emulators::events::{Happening, Site};
use emulators::github::GitHub;
use emulators::service::Service;

use super::super::weather::Weather;
use crate::storm::fate::NodeLoss;

/// Begins to listen for tasks that start.
pub(super) fn begin(
    site: &Site,
    (weather, github): (&Arc<Weather>, &Arc<Service<GitHub>>),
    batch: &Arc<Service<Batch>>,
) {
    let (mut events, weather) = (site.listen(), Arc::clone(weather));
    let (batch, github) = (Arc::downgrade(batch), Arc::downgrade(github));
    let mut runs: BTreeMap<String, u32> = BTreeMap::new();
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            let Happening::TaskStarted { task, node, .. } = event.what else { continue };
            let run = runs.entry(task.clone()).or_default();
            *run += 1;
            let second = weather.chronicle.second();
            let Some(loss) = weather.fates().loses_node(&task, *run, second) else { continue };
            let (weather, github) = (Arc::clone(&weather), Weak::clone(&github));
            let lost = lose(Arc::clone(&weather), Weak::clone(&batch), node, loss);
            tokio::spawn(async move {
                if lost.await && loss.gives_up {
                    give_up(&weather, &github, &task);
                }
            });
        }
    });
}

/// Tells whether the node was still there, and busy.
async fn lose(
    weather: Arc<Weather>,
    batch: Weak<Service<Batch>>,
    label: String,
    NodeLoss { after, .. }: NodeLoss,
) -> bool {
    weather.pass(after).await;
    let Some(batch) = batch.upgrade() else { return false };
    let batch = &batch.emulator;
    let mut nodes = batch.pools().into_iter().flat_map(|pool| batch.nodes(&pool.id));
    let Some(node) = nodes.find(|node| node.label == label && node.running > 0) else {
        return false;
    };
    batch.lose_node(&node.id, Loss::Died).expect("it was just listed");
    weather.chronicle.line(&format!("node {label} is lost"));
    true
}

/// Cancels the job that a task is named after.
fn give_up(weather: &Weather, github: &Weak<Service<GitHub>>, task: &str) {
    let job = task.split('-').nth(1).and_then(|job| job.parse().ok());
    let (Some(github), Some(job)) = (github.upgrade(), job) else { return };
    if github.emulator.cancel_job(job) {
        weather.chronicle.cancelled(job);
    }
}
