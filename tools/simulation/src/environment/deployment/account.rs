//! Opens the Batch account of a deployment, with its pools.

use std::sync::Arc;

use azure_batch_emulator::{Batch, Options, PoolOptions};
use emulator_core::events::EventContext;
use emulator_core::service::Service;
use serde_json::json;

use crate::environment::batch_client::{BEARER, call};
use crate::environment::launcher::Launching;
use crate::environment::nodes::Nodes;
use crate::scenario::{Deployment, Evaluated, Pool, Scenario};
use local_deployment::{BATCH_ACCOUNT, BATCH_KEY};

/// The template's formula.
const FORMULA: &str = include_str!("../../../../../arm/autoscale/dedicated.txt");

/// Opens the Batch account of a deployment, and starts to process its timers.
pub(super) async fn open(
    scenario: &Scenario,
    deployment: &Deployment,
    place: usize,
    nodes: &Arc<Nodes>,
    site: &EventContext,
) -> Arc<Service<Batch>> {
    let launcher = Arc::clone(nodes);
    let mut account =
        Options::new(BATCH_ACCOUNT, BATCH_KEY, Arc::new(Launching(launcher)), "unused".into());
    account.bearer = Some(BEARER.to_owned());
    account.seed = scenario.seed ^ place as u64;
    account.rules.evaluate_when_enabled = deployment.wakes == Some(Evaluated::AtOnce);
    account.rules.quota.dedicated_cores = u32::MAX;
    let pools = scenario.pools(place);
    account.pools = pools.iter().filter(|pool| !pool.scaled).map(fixed).collect();
    let batch = Service::new(Batch::new(account, site.clone()).expect("the key is base64"));
    for pool in pools.iter().filter(|pool| pool.scaled) {
        let added = call(&batch, "/pools", &scaled(pool)).await;
        assert!(added.status().is_success(), "{:?}", added.body());
    }
    tokio::spawn({
        let batch = Arc::clone(&batch.emulator);
        async move { batch.run().await }
    });
    batch
}

fn fixed(pool: &Pool) -> PoolOptions {
    PoolOptions {
        id: pool.id.clone(),
        nodes: pool.nodes as usize,
        slots: 1,
        containers: runs_containers(pool),
        display: pool.id.clone(),
    }
}

/// Returns whether Batch starts the containers; Windows nodes start them on their own.
fn runs_containers(pool: &Pool) -> bool {
    pool.id != "windows"
}

fn scaled(pool: &Pool) -> serde_json::Value {
    let image = json!({ "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" });
    let mut machine =
        json!({ "imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04" });
    if runs_containers(pool) {
        machine["containerConfiguration"] = json!({ "type": "dockerCompatible" });
    }
    json!({
        "id": pool.id,
        "vmSize": "Standard_D2s_v5",
        "virtualMachineConfiguration": machine,
        "enableAutoScale": true,
        "autoScaleFormula": formula(pool),
        "autoScaleEvaluationInterval": "PT5M",
    })
}

/// Returns the formula of a scaled pool.
pub(in super::super) fn formula(pool: &Pool) -> String {
    FORMULA.replace("maxNodes = 10;", &format!("maxNodes = {};", pool.nodes))
}
