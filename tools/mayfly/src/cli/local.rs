//! The options of `mayfly local`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use url::Url;

/// The options of `local`.
#[derive(Args, Debug)]
#[command(
    group(ArgGroup::new("authentication").args(["token_file", "app_id"]).required(true)),
    override_usage = "mayfly local --repository <OWNER/NAME> --token-file <FILE> [OPTIONS]\n       mayfly local --repository <OWNER/NAME> --app-id <ID> --app-key-file <FILE> [OPTIONS]"
)]
pub struct Local {
    /// Repository whose jobs get runners, such as octo/app, or octo/* for all of an owner; repeatable
    #[arg(long = "repository", value_name = "OWNER/NAME", required = true)]
    pub repositories: Vec<String>,
    /// The credential.
    #[command(flatten)]
    pub credential: Credential,
    /// Image of the runners' containers: GitHub's runner image, one of Mayfly, or one that is derived from either
    #[arg(long, default_value = "ghcr.io/actions/actions-runner:latest")]
    pub image: String,
    /// Runners at a time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub max_runners: u32,
    /// Labels of the runners, with commas between them: a job is served if its `runs-on` names only these, and self-hosted or one of your own
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = super::values::label,
        default_value = LABELS
    )]
    pub labels: Vec<String>,
    /// Level at which the runners are registered
    #[arg(long, value_enum, default_value_t)]
    pub scope: Level,
    /// API of GitHub; of an Enterprise Server https://HOST/api/v3
    #[arg(long, value_name = "URL", default_value = "https://api.github.com", value_parser = super::values::github_api)]
    pub github_api: Url,
    /// Seconds between two looks for waiting jobs: 10, 15, 20 or 30
    #[arg(long, default_value = "10", value_parser = ["10", "15", "20", "30"])]
    pub poll_seconds: String,
    /// Hours after which a job is ended
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub max_job_hours: u32,
    /// Beginning of the runners' names, 1 to 12 characters of a-z and 0-9, which no other machine and no deployment of the same
    /// repositories has [default: derived from the name of this machine]
    #[arg(long)]
    pub name: Option<String>,
    /// File to which the handler's log is written
    #[arg(long, value_name = "FILE")]
    pub handler_log: Option<PathBuf>,
}

/// The credential for GitHub: a token or an App.
#[derive(Args, Debug)]
#[group(multiple = true)]
pub struct Credential {
    /// File with a personal access token, or - for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["app_id", "app_key_file"])]
    pub token_file: Option<PathBuf>,
    /// Id or client id of a GitHub App, instead of a token
    #[arg(long, value_name = "ID", requires = "app_key_file")]
    pub app_id: Option<String>,
    /// File with the App's private key in PEM, or - for stdin
    #[arg(long, value_name = "FILE", requires = "app_id")]
    pub app_key_file: Option<PathBuf>,
}

/// The level at which runners are registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub enum Level {
    /// The repository of the job
    #[default]
    Repository,
    /// The organization that owns the repository
    Organization,
}

/// The default labels, with that of this machine's architecture.
const LABELS: &str = if cfg!(target_arch = "aarch64") {
    "self-hosted,linux,arm64,ubuntu-latest"
} else {
    "self-hosted,linux,x64,ubuntu-latest"
};
