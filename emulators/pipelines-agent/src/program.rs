//! The program `Agent.Listener`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use emulator_core::clock::Clock;
use emulator_core::transport;

use crate::configuration::Configuration;
use crate::home::{self, PROGRAM};
use crate::listener::{Agent, Outcome};
use crate::return_code::ReturnCode;

/// Runs the listener until it ends, on its own or by SIGINT. SIGTERM ends the process at once: on .NET 10 the agent does not
/// receive it.
///
/// `args` are the arguments after the program's name, `home` is the directory above `bin`. Without `--once` it ends with an
/// error: only that mode is modelled. `--version` prints the version.
///
/// # Panics
/// Outside a tokio runtime with an I/O driver.
pub async fn main(
    args: &[String],
    environment: &BTreeMap<String, String>,
    home: &Path,
) -> ExitCode {
    if args.iter().any(|argument| argument == "--version") {
        print_line(&home::version(home));
        return ExitCode::SUCCESS;
    }
    let is_run = args.first().is_some_and(|first| first == "run");
    if !is_run || !args.iter().any(|argument| argument == "--once") {
        return fail("only `run --once` is modelled");
    }
    let configuration = match Configuration::read(home) {
        Ok(configuration) => configuration,
        Err(error) => return fail(&format!("{}: {}", error.file, error.problem)),
    };
    let agent = Agent::new(configuration, &transport::http(), Clock::of_this_machine())
        .with(&home::version(home), &home::environment(home, environment))
        .printing_to(Box::new(std::io::stdout()));
    let (stop, stopped) = watch::channel(false);
    let interrupts = signal(SignalKind::interrupt());
    let signals = tokio::spawn(async move {
        if let Ok(mut interrupts) = interrupts {
            interrupts.recv().await;
            stop.send_replace(true);
        }
        // Keeps the channel open: a closed channel never requests a stop.
        std::future::pending::<()>().await;
    });
    let outcome = agent.run_once(stopped).await;
    signals.abort();
    end(home, &outcome)
}

/// Returns the exit code of a run, after an update has been written.
pub(crate) fn end(home: &Path, outcome: &Outcome) -> ExitCode {
    if let Some(version) = &outcome.updated_to
        && let Err(error) = home::update(home, version)
    {
        return fail(&error.to_string());
    }
    ExitCode::from(outcome.code.unwrap_or(ReturnCode::RetryableError).code())
}

fn print_line(line: &str) {
    use std::io::Write;
    // Nothing can be done about a closed console.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn fail(problem: &str) -> ExitCode {
    print_line(&format!("An error occurred: {problem}"));
    ExitCode::from(ReturnCode::TerminatedError.code())
}

/// Returns the home of an agent whose program was started by this name; `None` for any other program.
pub fn agent_home(program: &OsStr) -> Option<PathBuf> {
    let program = Path::new(program);
    let is_agent = program.file_name()? == OsStr::new(PROGRAM);
    is_agent.then(|| program.parent()?.parent().map(Path::to_path_buf)).flatten()
}
