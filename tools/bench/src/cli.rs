//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};
use url::Url;

/// Measures the released handler beside the least that a receiver of webhooks can do.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) all: All,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What is measured, and where it is written.
#[derive(Args, Debug)]
pub(crate) struct All {
    /// Package of the handler [default: build it as a release does]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) package: Option<PathBuf>,
    /// Rounds of webhooks; medians are reported
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Seconds of each round
    #[arg(long, default_value_t = 4)]
    pub(crate) seconds: u64,
    /// Measure in a minute: one round of a second, a small burst, a small reconciliation
    #[arg(long)]
    pub(crate) short: bool,
    /// Another receiver of webhooks, which runs already; repeatable
    ///
    /// It must accept deliveries that are signed with the secret `mayfly-on-one-machine-webhook-secret`.
    #[arg(long = "peer", value_name = "NAME=URL")]
    pub(crate) peers: Vec<Peer>,
    /// Measure these parts only
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
    /// Write all measured values to a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Replace the table in a Markdown file, between the comments `<!-- bench -->` and `<!-- end of bench -->`
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Webhooks a second
    Webhooks,
    /// Starts
    Starts,
    /// Bursts of jobs
    Bursts,
    /// Reconciliation of live tasks
    Reconciliation,
    /// Reconciliation of 1, 4 and 16 times as many tasks
    Growth,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the instructions of a delivery with valgrind, and compare them with a file
    Instructions(Instructions),
    #[command(hide = true)]
    Floor {
        #[arg(long)]
        queue: String,
    },
    #[command(hide = true)]
    Sink,
}

/// The options of `instructions`.
#[derive(Args, Debug)]
pub(crate) struct Instructions {
    /// File with the number that is expected, and by how many percent it may differ
    #[arg(long, value_name = "FILE", default_value = "tools/bench/instructions.json")]
    pub(crate) baseline: PathBuf,
    /// Replace the number in the file
    #[arg(long)]
    pub(crate) update: bool,
}

/// A receiver of webhooks that runs already.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) url: Url,
}

impl FromStr for Peer {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (name, url) = text.split_once('=').context("write a peer as NAME=URL")?;
        ensure!(!name.is_empty(), "write a peer as NAME=URL");
        let url = url.parse().with_context(|| format!("read {url} as a URL"))?;
        Ok(Self { name: name.to_owned(), url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        let peer: Peer = "garm=http://127.0.0.1:9997/webhooks?a=b".parse().expect("a peer");
        assert_eq!((peer.name.as_str(), peer.url.query()), ("garm", Some("a=b")));
        assert!("http://127.0.0.1".parse::<Peer>().is_err());
    }
}
