//! The Batch emulator alone, until it is interrupted.

use std::io::Write;
use std::process::ExitCode;

use azure_batch_emulator::cli::{self, Arguments};
use clap::Parser;
use emulator_core::guard::{self, Guard};

/// Emulate an Azure Batch account over HTTP, with nodes on this machine
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    if guard::is_guard(&std::env::args_os().next().unwrap_or_default()) {
        return guard::main();
    }
    let arguments = Cli::parse().arguments;
    let guard = Guard::start();
    let runtime = tokio::runtime::Runtime::new().expect("the system gives a process its threads");
    let done = runtime.block_on(cli::run(arguments, guard.clone()));
    drop((runtime, guard));
    match done {
        Ok(code) => code,
        Err(err) => {
            // A closed stderr changes nothing.
            let _ = writeln!(std::io::stderr(), "error: failed to {err:#}");
            ExitCode::FAILURE
        }
    }
}
