//! Options of the Batch emulator.

use std::net::SocketAddr;
use std::path::PathBuf;

use azure_batch_emulator::Spread;
use clap::Args;
use emulator_core::clock::Pace;

/// Options of `emulate batch`.
#[derive(Args, Debug)]
pub struct BatchAccount {
    /// Where it answers; port 0 takes any
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// The account's name
    #[arg(long, default_value = local_deployment::BATCH_ACCOUNT)]
    pub account: String,
    /// The account's key, in base64
    #[arg(long, default_value = local_deployment::BATCH_KEY)]
    pub key: String,
    /// How time goes by: skip (idle waits are skipped), real, scaled=N (N times as fast), manual (by the control port)
    #[arg(long, default_value = "skip", value_parser = pace)]
    pub clock: Pace,
    /// How tasks run.
    #[command(flatten)]
    pub tasks: Tasks,
    /// How nodes come and go.
    #[command(flatten)]
    pub nodes: Nodes,
    /// What drawn lengths of time begin from
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Evaluate a formula at once whenever scaling is enabled, not only when a pool is added
    #[arg(long)]
    pub evaluate_when_enabled: bool,
    /// Let an evaluation try again what a failed resize has left undone
    #[arg(long)]
    pub try_again: bool,
    /// Refuse tasks while their job is disabled
    #[arg(long)]
    pub disabled_jobs_refuse_tasks: bool,
}

/// How tasks run: in containers where they ask for one, as processes otherwise.
#[derive(Args, Debug)]
pub struct Tasks {
    /// The container engine; docker or podman, whichever there is, if not said
    #[arg(long)]
    pub engine: Option<PathBuf>,
    /// A program that runs in place of the image of each task that asks for a container
    #[arg(long, conflicts_with = "engine")]
    pub program: Option<PathBuf>,
    /// Run nothing: a task says by its settings SIMULATED_SECONDS (60) and SIMULATED_EXIT_CODE (0) how it goes
    #[arg(long, conflicts_with_all = ["engine", "program"])]
    pub simulate: bool,
}

/// How nodes come and go, in seconds, as `from-to`.
#[derive(Args, Debug)]
pub struct Nodes {
    /// A pool of container nodes that are there from the beginning, as `id` or `id=nodes`; may be given more than once
    #[arg(long = "pool")]
    pub pools: Vec<String>,
    /// The same for a pool whose tasks run in no container
    #[arg(long = "plain-pool")]
    pub plain_pools: Vec<String>,
    /// From the wish for a node to its allocation
    #[arg(long, default_value = "10-150", value_parser = spread)]
    pub allocation: Spread,
    /// From its allocation to the first thing that it runs
    #[arg(long, default_value = "285-325", value_parser = spread)]
    pub boot: Spread,
    /// To pull an image that the node does not have
    #[arg(long, default_value = "45-120", value_parser = spread)]
    pub pull: Spread,
    /// From the end of a node's work to its being gone
    #[arg(long, default_value = "20-60", value_parser = spread)]
    pub departure: Spread,
    /// Seconds between TERM and KILL for a terminated task, unless its run options have a --stop-timeout
    #[arg(long, default_value_t = 10)]
    pub grace: u64,
}

fn pace(text: &str) -> Result<Pace, String> {
    let scale = |text: &str| text.parse().ok().filter(|scale| (1..=100_000).contains(scale));
    match (text, text.strip_prefix("scaled=").and_then(scale)) {
        ("skip", _) => Ok(Pace::AutoAdvance),
        ("real", _) => Ok(Pace::Real),
        ("manual", _) => Ok(Pace::Manual),
        (_, Some(scale)) => Ok(Pace::Scaled(scale)),
        _ => Err("write skip, real, manual, or scaled=N with N from 1 to 100000".to_owned()),
    }
}

fn spread(text: &str) -> Result<Spread, String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if from <= to => Ok(Spread::seconds(from, to)),
        _ => Err("write seconds as from-to, such as 10-150".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_word_or_a_scale() {
        assert_eq!(pace("skip"), Ok(Pace::AutoAdvance));
        assert_eq!(pace("scaled=60"), Ok(Pace::Scaled(60)));
        for wrong in ["scaled=0", "scaled", "fast"] {
            assert!(pace(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_spread_is_one_length_of_time_or_two() {
        assert_eq!(spread("10-150"), Ok(Spread::seconds(10, 150)));
        assert_eq!(spread("0"), Ok(Spread::NONE));
        for wrong in ["", "5-4", "1s", "-1"] {
            assert!(spread(wrong).is_err(), "{wrong}");
        }
    }
}
