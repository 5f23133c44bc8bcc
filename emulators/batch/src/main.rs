//! The Batch emulator alone, until it is interrupted.

use std::io::Write;
use std::process::ExitCode;

use azure_batch_emulator::cli::{self, Arguments};
use clap::Parser;

/// Emulate an Azure Batch account over HTTP, with nodes on this machine
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse().arguments).await {
        Ok(code) => code,
        Err(err) => {
            // A closed stderr changes nothing.
            let _ = writeln!(std::io::stderr(), "error: failed to {err:#}");
            ExitCode::FAILURE
        }
    }
}
