//! `mayfly replay`: puts back on the road what fell off it.

use std::process::ExitCode;

use anyhow::Context;
use handler::operate::{Replay, Which};

use crate::cli;
use crate::cli::What;
use crate::deployment::Reached;
use crate::print;

/// Asks, and prints what was done and what was left. What was left makes it a failure.
pub(crate) async fn run(options: cli::Replay) -> anyhow::Result<ExitCode> {
    let which = |name: Option<String>| name.map_or(Which::All, Which::One);
    let (order, asking) = match options.what {
        What::Poison { handle, asking } => (Replay::Poison(which(handle)), asking),
        What::Deliveries { guid, asking } => (Replay::Deliveries(which(guid)), asking),
        What::Job { repository, id, asking } => (Replay::Job { repository, id }, asking),
    };
    let operated = Reached::by(&asking.deployment)?.replay(&order).await?;
    if asking.json {
        print(serde_json::to_string(&operated).context("write the answer")?);
    } else {
        operated.done.iter().for_each(print);
        for left in &operated.left {
            print(format_args!("{} is left: {}", left.what, left.why));
        }
        if operated.done.is_empty() && operated.left.is_empty() {
            print("nothing to replay");
        }
    }
    Ok(if operated.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
