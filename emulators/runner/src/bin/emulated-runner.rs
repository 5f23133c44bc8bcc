//! The emulated runner's program: the listener or the Worker, by the name of the program. The tests of this crate
//! install runners with it; `mayfly` contains the same program.

use std::process::ExitCode;

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "GitHub's runner takes its settings from the environment"
)]
async fn main() -> ExitCode {
    let program = std::env::args_os().next().unwrap_or_default();
    let Some(home) = github_runner_emulator::runner_home(&program) else {
        return ExitCode::FAILURE;
    };
    let arguments = std::env::args().skip(1).collect();
    github_runner_emulator::main(arguments, std::env::vars().collect(), home).await
}
