//! The commands and their options.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};

use local_deployment::Registration;

mod batch;
mod operators;

pub use batch::{BatchAccount, Nodes, Tasks};
pub use operators::{Deployment, Replay, Status, What};
pub use simulation::options::SimulationOptions;

/// Gives every GitHub Actions job its own runner on Azure Batch; this is what runs on your machine.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole road on this machine: jobs in, runners out, nothing left
    Demo(Demo),
    /// Keep the road running, for `mayfly queue-job`; Ctrl-C ends it and leaves nothing behind
    Up(Up),
    /// Send one more signed delivery to a running `mayfly up`
    QueueJob(QueueJob),
    /// Run one emulator alone
    Emulate(Emulate),
    /// Evaluate and simulate autoscale formulas
    #[command(subcommand)]
    Autoscale(Autoscale),
    /// Run fault-injection simulations in virtual time; exits 0 if every job is served exactly once and nothing leaks
    Sim(SimulationOptions),
    /// Write the package that a Function App runs from: the handler for Linux x64, host.json, the functions
    Package(Package),
    /// Tell where each job stands and what it waits for
    Status(Status),
    /// Put back on the road what fell off it: messages, deliveries, a job
    Replay(Replay),
}

/// What `demo` and `up` share.
#[derive(Args, Clone, Debug)]
pub struct Road {
    /// How a runner comes to its credential
    #[arg(long, value_enum, default_value_t)]
    pub registration: Registration,
    /// How many nodes each pool has
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub nodes: u32,
    /// Run each runner in a container of --image, by docker or podman, instead of as a process
    #[arg(long, requires = "image")]
    pub containers: bool,
    /// The image for --containers: images/ubuntu, built with the runner of `mayfly emulate runner`
    #[arg(long)]
    pub image: Option<String>,
    /// Run the handler of this package, as the Functions host unpacks it, in place of the one built in
    #[arg(long)]
    pub package: Option<PathBuf>,
    /// Write the handler's log to this file
    #[arg(long)]
    pub handler_log: Option<PathBuf>,
}

/// Options of `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// How many jobs to queue; with more than one, every third asks for Windows
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub jobs: u32,
    /// How long each job works, in milliseconds
    #[arg(long, default_value_t = 300)]
    pub job_milliseconds: u64,
    /// Give up after this many seconds
    #[arg(long, default_value_t = 300)]
    pub give_up_after: u64,
    /// Print one JSON object a step, and a summary as the last line
    #[arg(long)]
    pub json: bool,
    /// How the road is built.
    #[command(flatten)]
    pub road: Road,
}

/// Options of `up`.
#[derive(Args, Debug)]
pub struct Up {
    /// Where `mayfly queue-job` finds this run
    #[arg(long, default_value = "127.0.0.1:7171")]
    pub listen: SocketAddr,
    /// How the road is built.
    #[command(flatten)]
    pub road: Road,
}

/// Options of `queue-job`.
#[derive(Args, Debug)]
pub struct QueueJob {
    /// The labels of the job's `runs-on`
    #[arg(default_values = ["self-hosted", "ubuntu-latest"])]
    pub labels: Vec<String>,
    /// The job's repository
    #[arg(long, default_value = "octo/app")]
    pub repository: String,
    /// How long the job works, in milliseconds
    #[arg(long, default_value_t = 1000)]
    pub job_milliseconds: u64,
    /// Where `mayfly up` listens
    #[arg(long, default_value = "127.0.0.1:7171")]
    pub at: SocketAddr,
}

/// The subcommands of `autoscale`.
#[derive(Debug, Subcommand)]
pub enum Autoscale {
    /// Evaluate a formula on given samples, as Batch would
    Evaluate(Evaluate),
    /// Simulate one pool per formula with the tasks of a trace, and report node counts and waits
    Simulate(Simulate),
}

/// Options of `autoscale evaluate`.
#[derive(Args, Debug)]
pub struct Evaluate {
    /// The file with the formula
    #[arg(long)]
    pub formula: PathBuf,
    /// The file with the samples, as JSON: a list is a variable's samples, a number its present value, as in
    /// `{"$PendingTasks":[["2026-11-21T10:00:00Z",5]],"$TargetDedicatedNodes":3}`
    #[arg(long)]
    pub samples: PathBuf,
    /// The time of the evaluation; now, if not said
    #[arg(long)]
    pub now: Option<DateTime<Utc>>,
}

/// Options of `package`.
#[derive(Args, Debug)]
pub struct Package {
    /// Where it is written
    #[arg(long, default_value = "released-package.zip")]
    pub out: PathBuf,
    /// Package this program, if it runs where a Function App does, instead of building the handler;
    /// the build wants a checkout, Linux on x64, a C compiler and glibc's libc.a
    #[arg(long)]
    pub handler: Option<PathBuf>,
}

/// Options of `autoscale simulate`.
#[derive(Args, Debug)]
pub struct Simulate {
    /// A file with a formula; may be given more than once
    #[arg(long = "formula", required = true)]
    pub formulas: Vec<PathBuf>,
    /// The tasks: a line for each, `seconds from the beginning,seconds that it takes`
    #[arg(long)]
    pub trace: PathBuf,
    /// When it begins
    #[arg(long, default_value = "2026-11-23T00:00:00Z")]
    pub from: DateTime<Utc>,
    /// How long it goes on
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=744))]
    pub hours: u32,
    /// How many slots a node has
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub slots: u32,
    /// What the nodes' lengths of time are drawn from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print the number of nodes as CSV, a line for each change
    #[arg(long)]
    pub counts: bool,
    /// Draw them into this file, as SVG
    #[arg(long)]
    pub picture: Option<PathBuf>,
}

/// Options of `emulate`.
#[derive(Args, Debug)]
pub struct Emulate {
    /// Which emulator.
    #[command(subcommand)]
    pub which: Which,
}

/// The emulators that run alone.
#[derive(Debug, Subcommand)]
pub enum Which {
    /// Azure Batch: pools that formulas size, nodes that run tasks on this machine
    Batch(Box<BatchAccount>),
    /// Azure Storage's queues
    Queue(Storage),
    /// Azure Storage's blobs
    Blob(Storage),
    /// GitHub: jobs, webhooks, runners
    Github {
        /// Where it answers; port 0 takes any
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// The personal access token that it takes
        #[arg(long, default_value = local_deployment::GITHUB_TOKEN)]
        token: String,
        /// An owner of repositories who is a person, not an organization; may be given more than once
        #[arg(long = "person")]
        people: Vec<String>,
        /// The enterprise that has all organizations
        #[arg(long)]
        enterprise: Option<String>,
    },
    /// Azure's management API, as far as the access restrictions of one Function App go
    Management {
        /// Where it answers; port 0 takes any
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// The resource id of the Function App
        #[arg(long, default_value = local_deployment::FUNCTION_APP)]
        app: String,
        /// The audience of the tokens that it takes; its own address, if not said
        #[arg(long)]
        audience: Option<String>,
    },
    /// GitHub's runner: lays the folder that its release holds, for the build of an image
    Runner {
        /// The folder
        #[arg(long)]
        into: PathBuf,
    },
    /// The Azure Functions host, for a custom handler
    Functions {
        /// Where it answers; port 0 takes any
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// The folder with host.json, the functions and the handler
        #[arg(long)]
        app: PathBuf,
        /// An application setting, as `Name=value`; may be given more than once
        #[arg(long = "setting")]
        settings: Vec<String>,
    },
}

/// Options of the two storage emulators.
#[derive(Args, Debug)]
pub struct Storage {
    /// Where it answers; port 0 takes any
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// The account's name
    #[arg(long, default_value = local_deployment::STORAGE_ACCOUNT)]
    pub account: String,
    /// The account's key, in base64
    #[arg(long, default_value = local_deployment::STORAGE_KEY)]
    pub key: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_sound() {
        Cli::command().debug_assert();
    }
}
