//! The options of `storm`.

use std::path::PathBuf;

use clap::Args;

/// Options of `storm`.
#[derive(Args, Debug)]
pub struct Storm {
    /// How many storms, each of a seed of its own
    #[arg(long, default_value_t = 10, conflicts_with = "plan")]
    pub seeds: u64,
    /// The seed of the first storm
    #[arg(long, default_value_t = 1, conflicts_with = "plan")]
    pub first_seed: u64,
    /// How many jobs each storm has
    #[arg(long, default_value_t = 200, conflicts_with = "plan", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub jobs: u32,
    /// Which share of all calls fails, or loses its request or answer, as in 0.2; drawn for each storm, if not said
    #[arg(long, conflicts_with = "plan", value_parser = share)]
    pub faulty: Option<f64>,
    /// Play the plan of this file in place of one that is drawn
    #[arg(long)]
    pub plan: Option<PathBuf>,
    /// How many storms are played at once; as many as there are processors, if not said
    #[arg(long)]
    pub threads: Option<usize>,
    /// Begin no other storm when one has failed
    #[arg(long)]
    pub stop_at_failure: bool,
    /// How many plays the search for a smaller plan may take, after the first storm that failed
    #[arg(long, default_value_t = 200)]
    pub shrink: usize,
    /// The folder for that plan, `storm-<seed>.json`
    #[arg(long, default_value = ".")]
    pub into: PathBuf,
    /// Write what happened to this file, a line for each event; of one storm
    #[arg(long)]
    pub trace: Option<PathBuf>,
    /// Print one JSON object a storm, and a summary as the last line
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
