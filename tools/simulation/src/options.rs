//! The options of `mayfly sim`.

use std::path::PathBuf;

use clap::Args;

use crate::scenario::Service;

/// Options of `mayfly sim`.
#[derive(Args, Debug)]
pub struct SimulationOptions {
    /// Number of simulations; each has its own seed
    #[arg(long, default_value_t = 10, conflicts_with = "scenario")]
    pub seeds: u64,
    /// Seed of the first simulation
    #[arg(long, default_value_t = 1, conflicts_with = "scenario")]
    pub first_seed: u64,
    /// Number of jobs in each simulation
    #[arg(long, default_value_t = 200, conflicts_with = "scenario", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub jobs: u32,
    /// Share of calls that fail or lose their request or response, such as 0.2; chosen by the seed if not given
    #[arg(long, conflicts_with = "scenario", value_parser = share)]
    pub fault_rate: Option<f64>,
    /// Services whose jobs are simulated; chosen by the seed if not given: both in a third of the simulations
    #[arg(long, value_enum, conflicts_with = "scenario")]
    pub service: Option<Service>,
    /// Run the scenario in this file, or - for stdin, instead of generating scenarios from seeds
    #[arg(long)]
    pub scenario: Option<PathBuf>,
    /// Number of simulations that run in parallel; the number of processors if not given
    #[arg(long)]
    pub threads: Option<usize>,
    /// Start no further simulation after the first violation
    #[arg(long)]
    pub stop_at_failure: bool,
    /// Maximum number of runs to shrink the first failing scenario; 0 turns shrinking off
    #[arg(long, default_value_t = 200)]
    pub shrink: usize,
    /// Directory for the shrunk scenario, `simulation-<seed>.json`
    #[arg(long, default_value = ".")]
    pub out_dir: PathBuf,
    /// Write the event log of a single simulation to this file, one line per event
    #[arg(long)]
    pub trace: Option<PathBuf>,
    /// Print one JSON object per simulation and a summary as the last line
    #[arg(long)]
    pub json: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "takes a number from 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("takes a number from 0 to 1".to_owned())
    }
}
