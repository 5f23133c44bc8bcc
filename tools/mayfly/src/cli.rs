//! The command line: commands and options.

use std::net::SocketAddr;
use std::path::PathBuf;

use azure_batch_emulator::DurationRange;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use emulator_core::service::{TokenArguments, parse_address};
use emulator_core::tls::TlsArguments;
use local_deployment::{Demand, Registration};

mod emulators;
mod local;
mod operators;
mod planning;
mod values;

pub use emulators::{
    EmulatorCommand, FunctionsHostOptions, Identities, PipelinesOptions, Port, Storage,
};
pub use local::{Credential, Level, Local};
pub use operators::{
    Deployment, Doctor, History, HistoryOutput, Logs, Pause, Replay, ReplayTarget, Resume, Status,
};
pub use planning::{
    GithubHistory, GithubScope, JobSource, Judge, MaxCost, Plan, PriceSource, TemplatePool,
};
pub use simulation::options::SimulationOptions;

/// Gives every GitHub Actions job its own ephemeral runner on Azure Batch.
///
/// Runs a complete deployment or single emulators on this machine, and operates deployments in Azure.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a complete deployment on this machine, serve jobs, and check that nothing remains
    Demo(Demo),
    /// Run a complete deployment on this machine until Ctrl-C; `mayfly queue-job` sends it jobs
    Up(Up),
    /// Serve jobs of a real GitHub repository in containers on this machine, without Azure, until Ctrl-C
    Local(Local),
    /// Queue a job at a running `mayfly up`, which delivers its signed webhook
    QueueJob(QueueJob),
    /// Cancel a job of a running `mayfly up`, as a person does at GitHub
    CancelJob(CancelJob),
    /// Run a single emulator
    Emulate(Emulate),
    /// Evaluate, simulate and plan autoscale formulas
    #[command(subcommand)]
    Autoscale(Autoscale),
    /// Run fault-injection simulations in virtual time; exits 0 if every job is served exactly once and nothing leaks
    Sim(SimulationOptions),
    /// Write the package of a Function App: the handler for Linux x64, host.json and the function definitions
    Package(Package),
    /// Show the phase of each job and what it is waiting for
    Status(Status),
    /// Replay failed messages, webhook deliveries, or one job
    Replay(Replay),
    /// Show the output of a runner's task while its node exists, and how it ended; not the logs of its job, which are at GitHub
    Logs(Logs),
    /// Check the preconditions of a deployment, and print what to do; exits 1 if a check failed. Nothing is changed by it
    Doctor(Doctor),
    /// Stop starting jobs of a profile; running jobs go on, and waiting jobs wait until it is resumed
    Pause(Pause),
    /// Start the waiting jobs of a paused profile
    Resume(Resume),
    /// Print the history of ended jobs, or what they cost
    History(History),
    /// Print the completions of a shell, such as `mayfly completions bash >~/.local/share/bash-completion/completions/mayfly`
    Completions(Completions),
    /// Write the manual pages, one for each command, such as `mayfly man --out-dir ~/.local/share/man/man1`
    Man(Man),
}

impl Command {
    /// Returns whether the command starts processes or folders that must not outlive it.
    pub(crate) fn starts_processes(&self) -> bool {
        match self {
            Self::Demo(_) | Self::Up(_) | Self::Local(_) => true,
            Self::Emulate(Emulate { emulator }) => {
                matches!(emulator, EmulatorCommand::Batch(_) | EmulatorCommand::FunctionsHost(_))
            }
            _ => false,
        }
    }
}

/// The options of a local deployment, shared by `demo` and `up`.
#[derive(Args, Clone, Debug)]
pub struct LocalOptions {
    /// How a runner gets its credential
    #[arg(long, value_enum, default_value_t)]
    pub registration: Registration,
    /// How jobs become known
    #[arg(long, value_enum, default_value_t)]
    pub demand: Demand,
    /// Nodes per pool
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub nodes: u32,
    /// Run each runner in a container of --image, with docker or podman, instead of as a process
    #[arg(long, requires = "image")]
    pub containers: bool,
    /// Image for --containers: images/ubuntu, built with the runner of `mayfly emulate runner`
    #[arg(long, requires = "containers")]
    pub image: Option<String>,
    /// Package whose handler is run, unpacked as the Functions host does [default: the built-in handler]
    #[arg(long)]
    pub package: Option<PathBuf>,
    /// File to which the handler's log is written
    #[arg(long)]
    pub handler_log: Option<PathBuf>,
}

/// The options of `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Services whose jobs are served
    #[arg(long, value_enum, default_value_t)]
    pub service: DemoService,
    /// Jobs to queue, of each service; every third job of GitHub runs on Windows
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub jobs: u32,
    /// Run time of each job, in milliseconds
    #[arg(long, default_value_t = 300)]
    pub job_milliseconds: u64,
    /// Timeout of the demo, in seconds
    #[arg(long, default_value_t = 300)]
    pub timeout: u64,
    /// Print one JSON object per step, and a summary as the last line
    #[arg(long)]
    pub json: bool,
    /// The options of the local deployment.
    #[command(flatten)]
    pub local: LocalOptions,
}

/// The services of a demo.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum DemoService {
    /// GitHub Actions
    #[default]
    Github,
    /// Azure Pipelines
    Pipelines,
    /// Both, on one pool
    Both,
}

impl DemoService {
    /// Returns whether jobs of GitHub Actions are queued.
    pub(crate) fn has_github(self) -> bool {
        self != Self::Pipelines
    }

    /// Returns whether jobs of Azure Pipelines are queued.
    pub(crate) fn has_pipelines(self) -> bool {
        self != Self::Github
    }
}

/// The options of `up`.
#[derive(Args, Debug)]
pub struct Up {
    /// Address of loopback to listen on for `mayfly queue-job` and `cancel-job`; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:7171", value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub listen: SocketAddr,
    /// Address to listen on instead, if jobs are queued from other machines or containers; requires
    /// MAYFLY_CONTROL_TOKEN
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse_address, conflicts_with = "listen")]
    pub control_listen: Option<SocketAddr>,
    /// The token of all control ports.
    #[command(flatten)]
    pub token: TokenArguments,
    /// The certificate of further ports of Batch, storage, GitHub, the management API and identity, for clients that
    /// need HTTPS; the deployment itself uses plain HTTP.
    #[command(flatten)]
    pub tls: TlsArguments,
    /// The options of the local deployment.
    #[command(flatten)]
    pub local: LocalOptions,
}

/// The options of `queue-job`.
#[derive(Args, Debug)]
pub struct QueueJob {
    /// Labels of the job's `runs-on`
    #[arg(default_values = ["self-hosted", "ubuntu-latest"], value_parser = values::label)]
    pub labels: Vec<String>,
    /// Repository of the job
    #[arg(long, default_value = "octo/app")]
    pub repository: String,
    /// Run time of the job, in milliseconds
    #[arg(long, default_value_t = 1000)]
    pub job_milliseconds: u64,
    /// Print the response as JSON
    #[arg(long)]
    pub json: bool,
    /// The running `mayfly up`.
    #[command(flatten)]
    pub up: UpAddress,
}

/// The options of `cancel-job`.
#[derive(Args, Debug)]
pub struct CancelJob {
    /// Number of the job, as `mayfly queue-job` prints it
    pub job: u64,
    /// Print the response as JSON
    #[arg(long)]
    pub json: bool,
    /// The running `mayfly up`.
    #[command(flatten)]
    pub up: UpAddress,
}

/// The address of a running `mayfly up`, and the access to it.
#[derive(Args, Debug)]
pub struct UpAddress {
    /// Address on which `mayfly up` listens, the value of its --listen or --control-listen
    #[arg(long, alias = "at", default_value = "127.0.0.1:7171", value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub listen: SocketAddr,
    /// Its token; prefer the variable, because other users of the machine can read command lines [default: that of the
    /// file that `mayfly up` of the same user writes]
    #[arg(long, value_name = "TOKEN", env = "MAYFLY_CONTROL_TOKEN", hide_env_values = true)]
    pub control_token: Option<String>,
}

/// The subcommands of `autoscale`.
#[derive(Debug, Subcommand)]
pub enum Autoscale {
    /// Evaluate a formula on given samples, as Batch would
    Evaluate(Evaluate),
    /// Simulate one pool per formula with the tasks of a trace, and report node counts, waits and failed
    /// evaluations. Exits 1 if every evaluation of a formula failed
    Simulate(Simulate),
    /// Plan the numbers of a pool from its history of jobs: warm nodes by hour of the week, calmMinutes, slots. Each figure is of
    /// weeks that were planned by the weeks before them
    Plan(Box<Plan>),
    /// Judge plans for generated loads on weeks that they have not seen, as in docs/autoscaling.md
    Judge(Judge),
}

/// The options of `autoscale evaluate`.
#[derive(Args, Debug)]
pub struct Evaluate {
    /// File with the formula, or - for stdin
    #[arg(long)]
    pub formula: PathBuf,
    /// File with the samples, or - for stdin, as JSON: a list has the samples of a variable, a number is its current value, as in
    /// `{"$PendingTasks":[["2026-11-21T10:00:00Z",5]],"$TargetDedicatedNodes":3}`
    #[arg(long)]
    pub samples: PathBuf,
    /// Time of the evaluation, such as 2026-11-23T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub now: Option<DateTime<Utc>>,
}

/// The options of `package`.
#[derive(Args, Debug)]
pub struct Package {
    /// File to write
    #[arg(long, default_value = "released-package.zip")]
    pub out: PathBuf,
    /// Handler to package, a program for the Functions host [default: build it, which requires a checkout,
    /// Linux on x64, a C compiler and glibc's libc.a]
    #[arg(long)]
    pub handler: Option<PathBuf>,
}

/// The options of `autoscale simulate`.
#[derive(Args, Debug)]
pub struct Simulate {
    /// File with a formula, or - for stdin; repeatable
    #[arg(long = "formula", required = true)]
    pub formulas: Vec<PathBuf>,
    /// File with the tasks, or - for stdin, one per line: `seconds from the start,run time in seconds`
    #[arg(long)]
    pub trace: PathBuf,
    /// Time of the start, such as 2026-11-23T00:00:00Z
    #[arg(long, value_name = "TIME", default_value = "2026-11-23T00:00:00Z", value_parser = values::time)]
    pub from: DateTime<Utc>,
    /// Hours to simulate
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=744))]
    pub hours: u32,
    /// Task slots per node
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub slots: u32,
    /// Seed of random durations
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Age in seconds of the newest sample that a formula sees, as `from-to`; short ages are more probable
    #[arg(long, default_value = "0-60")]
    pub sample_lag: DurationRange,
    /// Print node counts as CSV, one line per change
    #[arg(long)]
    pub counts: bool,
    /// SVG file to which node counts are drawn
    #[arg(long)]
    pub picture: Option<PathBuf>,
}

/// The options of `completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// The options of `man`.
#[derive(Args, Debug)]
pub struct Man {
    /// Directory for the pages, which is created if it is missing
    #[arg(long, value_name = "DIR")]
    pub out_dir: PathBuf,
}

/// The options of `emulate`.
#[derive(Args, Debug)]
pub struct Emulate {
    /// The emulator.
    #[command(subcommand)]
    pub emulator: EmulatorCommand,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_valid() {
        Cli::command().debug_assert();
    }
}
