//! `mayfly replay`: replays failed messages, webhook deliveries, or one job.

use std::process::ExitCode;

use anyhow::Context;
use handler::operation::Operation;
use handler::replay_plan::{Replay, Selection};

use crate::cli;
use crate::cli::ReplayTarget;
use crate::client::DeploymentClient;
use crate::print;

/// Replays, and prints the replayed and the skipped items. Fails if an item was skipped.
pub(crate) async fn run(options: cli::Replay) -> anyhow::Result<ExitCode> {
    let select = |name: Option<String>| name.map_or(Selection::All, Selection::One);
    let (replay, shared) = match options.target {
        ReplayTarget::Poison { handle, shared } => (Replay::Poison(select(handle)), shared),
        ReplayTarget::Deliveries { guid, shared } => (Replay::Deliveries(select(guid)), shared),
        ReplayTarget::Job { repository, id, shared } => (Replay::Job { repository, id }, shared),
    };
    let replay = Operation::Replay(replay);
    let response = DeploymentClient::new(&shared.deployment)?.operate(&replay).await?;
    if shared.json {
        print(serde_json::to_string(&response).context("serialize the response")?);
    } else {
        response.done.iter().for_each(print);
        for skipped in &response.skipped {
            print(format_args!("{} skipped: {}", skipped.item, skipped.reason));
        }
        if response.done.is_empty() && response.skipped.is_empty() {
            print("nothing to replay");
        }
    }
    Ok(if response.skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
