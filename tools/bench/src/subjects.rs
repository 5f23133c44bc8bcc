//! The programs that are compared. Each round has new processes of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use local_deployment::WEBHOOK_SECRET;
use tokio::process::Command;
use url::Url;

use crate::cli::Peer;
use crate::load::Target;
use crate::process::Program;

/// The name of the floor, with which the others are compared.
pub(crate) const FLOOR: &str = "floor";
/// The name of the handler.
pub(crate) const HANDLER: &str = "handler";

/// A program to measure.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// This program as the floor.
    Floor,
    /// The handler at this path.
    Handler(PathBuf),
    /// A receiver of webhooks that runs already.
    Peer(Peer),
}

/// A subject that receives deliveries.
pub(crate) struct Running {
    pub(crate) target: Target,
    /// Absent for a peer, which this program has not started.
    pub(crate) program: Option<Program>,
}

impl Subject {
    /// Returns the name in the table.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Floor => FLOOR,
            Self::Handler(_) => HANDLER,
            Self::Peer(peer) => &peer.name,
        }
    }

    /// Starts the subject; its messages go to this queue.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) async fn start(&self, queue: &Url) -> anyhow::Result<Running> {
        let mut command = match self {
            Self::Floor => own("floor", &["--queue", queue.as_str()])?,
            Self::Handler(path) => handler(path, queue),
            Self::Peer(peer) => {
                return Ok(Running { target: Target::at(&peer.url).await?, program: None });
            }
        };
        let program = Program::start(&mut command).await;
        let program = program.with_context(|| format!("start the {}", self.name()))?;
        Ok(Running { target: Target::handler(program.address), program: Some(program) })
    }
}

/// Starts the queue that keeps no message.
///
/// # Errors
/// It does not start.
pub(crate) async fn sink() -> anyhow::Result<(Program, Url)> {
    let program = Program::start(&mut own("sink", &[])?).await.context("start the queue")?;
    let queue = format!("http://{}/mayfly/runner-requests", program.address);
    Ok((program, queue.parse().context("read the address of the queue")?))
}

/// Returns a command that runs this program.
fn own(subcommand: &str, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.arg(subcommand).args(arguments);
    Ok(command)
}

/// Returns the command of a handler with complete settings; of its services only the queue listens.
pub(crate) fn handler(path: &Path, queue: &Url) -> Command {
    handler_under(&mut Command::new(path), queue)
}

/// Adds the settings of a handler to a command, whatever runs it.
pub(crate) fn handler_under(command: &mut Command, queue: &Url) -> Command {
    let settings = [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "0"),
        ("BatchAccountUrl", "http://127.0.0.1:9"),
        ("BatchAccountName", "mayfly"),
        ("BatchAccountKey", local_deployment::BATCH_KEY),
        ("ContainerRegistryServer", "registry.localhost"),
        ("GithubToken", local_deployment::GITHUB_TOKEN),
        ("GithubHookRanges", "any"),
        ("GithubWebhookSecret", WEBHOOK_SECRET),
        ("TicketKey", "the-key-of-tickets-of-a-benchmark"),
        ("StateContainerUrl", "http://127.0.0.1:9/mayfly/mayfly-state?sig=none"),
        ("ClaimUrl", "http://127.0.0.1:9/api/ClaimRunner"),
        ("AllowedRepositories", "octo/*"),
    ];
    command.env_clear().envs(settings).env("RunnerQueueUrl", format!("{queue}?sig=none"));
    std::mem::replace(command, Command::new("unused"))
}
