//! Options of the commands for those who run a deployment.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use handler::repository::Repository;
use url::Url;

/// How a deployment is reached: through its functions, or with its settings from here.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
pub struct Deployment {
    /// The address of its functions, such as `https://mine.azurewebsites.net/api`
    #[arg(long, env = "MAYFLY_URL")]
    pub url: Option<Url>,
    /// A file with its application settings as JSON, to reach Batch, storage and GitHub from here: an object
    /// of names and values, alone or as Values; with keys and signatures, since no managed identity is here
    #[arg(long)]
    pub settings: Option<PathBuf>,
    /// The file that holds the key of the functions
    #[arg(long, requires = "url", conflicts_with = "key")]
    pub key_file: Option<PathBuf>,
    /// The key of the functions; rather by the variable or --key-file, for other users of a machine can read
    /// what stands here
    #[arg(long, requires = "url", env = "MAYFLY_FUNCTION_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

/// Options of `status`.
#[derive(Args, Debug)]
pub struct Status {
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
    /// How the deployment is reached.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// Options of `replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// What is put back on the road.
    #[command(subcommand)]
    pub what: What,
}

/// What is put back on the road.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Messages that were given up
    Poison {
        /// The one with this handle, as `status` tells it; all, if not said
        handle: Option<String>,
        /// How it is asked.
        #[command(flatten)]
        asking: Asking,
    },
    /// Deliveries that were given up
    Deliveries {
        /// The one with this GUID, given up or not; all that were given up, if not said
        guid: Option<String>,
        /// How it is asked.
        #[command(flatten)]
        asking: Asking,
    },
    /// A job that waits: its next runner is asked for, if none is for it
    Job {
        /// Its repository, as owner/name
        #[arg(value_parser = repository)]
        repository: Repository,
        /// Its id
        id: u64,
        /// How it is asked.
        #[command(flatten)]
        asking: Asking,
    },
}

/// What every `replay` shares.
#[derive(Args, Clone, Debug)]
pub struct Asking {
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
    /// How the deployment is reached.
    #[command(flatten)]
    pub deployment: Deployment,
}

fn repository(text: &str) -> Result<Repository, String> {
    Repository::try_from(text).map_err(|not| not.to_string())
}
