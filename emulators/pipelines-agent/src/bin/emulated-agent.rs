//! The program of the emulated agent: a link to it as `bin/Agent.Listener` is started with `run --once`.

use std::process::ExitCode;

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "an agent's environment becomes its capabilities")]
async fn main() -> ExitCode {
    let program = std::env::args_os().next().unwrap_or_default();
    let Some(home) = azure_pipelines_agent_emulator::agent_home(&program) else {
        return ExitCode::FAILURE;
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let environment = std::env::vars().collect();
    azure_pipelines_agent_emulator::main(&arguments, &environment, &home).await
}
