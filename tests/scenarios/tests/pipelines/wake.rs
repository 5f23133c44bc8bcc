//! Pools that are woken for the waiting tasks of agents.

use azure_pipelines_emulator::TaskResult;
use serde_json::json;

use super::World;

const FORMULA: &str = include_str!("../../../../arm/autoscale/dedicated.txt");

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_gets_its_nodes_without_waiting_for_an_evaluation() {
    let change = |options: &mut local_deployment::Options| {
        options.nodes = 0;
        options.batch_rules.evaluate_when_enabled = true;
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
        options.settings.insert("WakePools".to_owned(), "true".to_owned());
    };
    let mut world = World::with(change, |_| {}).await;
    let scaled = json!({ "autoScaleFormula": FORMULA, "autoScaleEvaluationInterval": "PT5M" });
    world.env.change_batch("pools/ubuntu/enableautoscale", scaled).await;
    // Batch accepts one such call in 30 seconds.
    world.env.advance_minutes(1);
    let requests: Vec<u64> = (0..4).map(|_| world.queue()).collect();
    world.env.run_reconciliation().await;
    world.env.until_logged("pool ubuntu: its formula requests more nodes now: 4").await;
    assert_eq!(world.env.deployment.batch.emulator.pools()[0].targets.0, 4);
    for request in requests {
        assert_eq!(world.until_done(request).await.result, Some(TaskResult::Succeeded));
    }
    world.end().await;
}
