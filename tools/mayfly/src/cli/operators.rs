//! The options of the commands for operators.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use emulator_core::service::parse_address;
use handler::repository::Repository;
use url::Url;

/// The access to a deployment: through its functions, or directly with its settings.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
pub struct Deployment {
    /// URL of the functions, such as `https://mine.azurewebsites.net/api`
    #[arg(long, env = "MAYFLY_URL", value_parser = super::values::url)]
    pub url: Option<Url>,
    /// JSON file with the application settings, or - for stdin, to access Batch, storage and GitHub directly: an object of names
    /// and values, or such an object as `Values`; requires keys and signatures instead of a managed identity
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// File with the key of the functions, or - for stdin
    #[arg(long, value_name = "FILE", requires = "url", conflicts_with = "key")]
    pub key_file: Option<PathBuf>,
    /// Key of the functions; prefer the variable or --key-file, because other users of the machine can read
    /// command lines
    #[arg(long, requires = "url", env = "MAYFLY_FUNCTION_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

/// The options of `status`.
#[derive(Args, Debug)]
#[command(override_usage = usage("status", ""))]
pub struct Status {
    /// Print the response as JSON
    #[arg(long, conflicts_with = "web")]
    pub json: bool,
    /// Serve the status page for a browser of this machine until Ctrl-C, and print its address. The key stays with this
    /// command
    #[arg(long)]
    pub web: bool,
    /// Address of loopback to serve it on; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT", requires = "web", value_parser = parse_address)]
    pub listen: SocketAddr,
    /// The access to the deployment.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// The options of `replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// The target.
    #[command(subcommand)]
    pub target: ReplayTarget,
}

/// The targets of a replay.
#[derive(Debug, Subcommand)]
pub enum ReplayTarget {
    /// Re-enqueue messages of the poison queue
    #[command(override_usage = usage("replay poison", " [HANDLE]"))]
    Poison {
        /// Handle of a message, as `status` shows it [default: all messages]
        handle: Option<String>,
        /// The shared options.
        #[command(flatten)]
        shared: OperateOptions,
    },
    /// Redeliver webhook deliveries that were abandoned
    #[command(override_usage = usage("replay deliveries", " [GUID]"))]
    Deliveries {
        /// GUID of a delivery, abandoned or not [default: all abandoned deliveries]
        guid: Option<String>,
        /// The shared options.
        #[command(flatten)]
        shared: OperateOptions,
    },
    /// Request a runner for a waiting job that has none
    #[command(override_usage = usage("replay job", " <REPOSITORY> <ID>"))]
    Job {
        /// Repository of the job, as owner/name
        #[arg(value_parser = parse_repository)]
        repository: Repository,
        /// Id of the job
        id: u64,
        /// The shared options.
        #[command(flatten)]
        shared: OperateOptions,
    },
}

/// The options of `doctor`.
#[derive(Args, Debug)]
#[command(override_usage = usage("doctor", ""))]
pub struct Doctor {
    /// The shared options.
    #[command(flatten)]
    pub shared: OperateOptions,
}

/// The options of `logs`.
#[derive(Args, Debug)]
#[command(override_usage = usage("logs", " <TASK>"))]
pub struct Logs {
    /// Name of the task, as `status` shows it, such as gh-123
    pub task: String,
    /// The shared options.
    #[command(flatten)]
    pub shared: OperateOptions,
}

/// The options of `pause`.
#[derive(Args, Debug)]
#[command(override_usage = usage("pause", " --why <TEXT> <PROFILE>"))]
pub struct Pause {
    /// Name of the profile in setting RunnerProfiles, such as ubuntu
    pub profile: String,
    /// Reason, which the status of each waiting job shows; at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Name of the operator, at most 100 characters [default: the names of the user and the machine]
    #[arg(long, value_name = "NAME")]
    pub who: Option<String>,
    /// The shared options.
    #[command(flatten)]
    pub shared: OperateOptions,
}

/// The options of `resume`.
#[derive(Args, Debug)]
#[command(override_usage = usage("resume", " <PROFILE>"))]
pub struct Resume {
    /// Name of the profile, such as ubuntu
    pub profile: String,
    /// The shared options.
    #[command(flatten)]
    pub shared: OperateOptions,
}

/// The options of `history`.
#[derive(Args, Debug)]
pub struct History {
    /// What to print.
    #[command(subcommand)]
    pub output: HistoryOutput,
}

/// The outputs of `history`.
#[derive(Debug, Subcommand)]
pub enum HistoryOutput {
    /// Print the ended jobs of the last days: one JSON object a line, or CSV
    #[command(override_usage = usage("history export", ""))]
    Export {
        /// Number of days (UTC), with today
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Print CSV with a head line
        #[arg(long)]
        csv: bool,
        /// Price of an hour of a VM size, such as Standard_D4s_v5=0.192; repeatable
        #[arg(long = "price", value_name = "SIZE=PRICE", value_parser = super::values::price)]
        prices: Vec<(String, f64)>,
        /// The access to the deployment.
        #[command(flatten)]
        deployment: Deployment,
    },
    /// Print what the jobs of a month cost, by repository and profile, with GitHub's price beside it
    #[command(override_usage = usage("history cost", ""))]
    Cost {
        /// Month (UTC), such as 2026-11 [default: the current one]
        #[arg(long, value_name = "MONTH", value_parser = super::values::month)]
        month: Option<NaiveDate>,
        /// Price of an hour of a VM size, such as Standard_D4s_v5=0.192; repeatable
        #[arg(long = "price", value_name = "SIZE=PRICE", value_parser = super::values::price)]
        prices: Vec<(String, f64)>,
        /// The shared options.
        #[command(flatten)]
        shared: OperateOptions,
    },
}

/// The options of every operation.
#[derive(Args, Clone, Debug)]
pub struct OperateOptions {
    /// Print the response as JSON
    #[arg(long)]
    pub json: bool,
    /// The access to the deployment.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// Returns the usage of a command with the access to a deployment: an address and a key, or settings.
fn usage(command: &str, arguments: &str) -> String {
    format!(
        "mayfly {command} --url <URL> <--key-file <FILE>|--key <KEY>> [OPTIONS]{arguments}\n       mayfly {command} --settings <FILE> [OPTIONS]{arguments}"
    )
}

fn parse_repository(text: &str) -> Result<Repository, String> {
    Repository::try_from(text).map_err(|err| err.to_string())
}
