//! Stands in for GitHub's runner program, where the real one cannot be had.
//!
//! A directory that [`lay_home`] lays looks like an unpacked runner: `run.sh` and `config.sh` start
//! `bin/Runner.Listener`, which is any program that hands its arguments to [`main`]. The endings are the
//! real listener's, and `run.sh` turns them into its own as the real one does; so are the files, the
//! hooks with their environment, and what a signal does. Only the work is not: a job takes the time that
//! it was ordered to take, and runs one script if it was given one.
//!
//! Read in <https://github.com/actions/runner>: `Runner.cs`, `JobExtension.cs`, `run.sh`, `run-helper.sh`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

use crate::github::wire::{self, Wire};

mod arguments;
mod configuring;
mod listening;
mod working;
mod script;
mod service;
mod home;
mod bare;

#[cfg(test)]
mod tests;

use arguments::Arguments;
pub use bare::{Bare, Course, Served};
pub use home::{lay_home, lay_release};

/// The version that it says it has.
pub const VERSION: &str = "2.336.0";

/// How long it waits before it repeats a request that failed; the real one waits longer.
const PAUSE: Duration = Duration::from_secs(1);

/// How the listener ends; `run.sh` makes 0 of all but the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// It served its job, was stopped, or was removed while it listened.
    Success,
    /// It could not be configured, or not connect as what it is configured as.
    TerminatedError,
    /// Another one had its session for four minutes.
    SessionConflict,
    /// The service refuses its version, and whoever started it asked to be told.
    VersionDeprecated,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::TerminatedError => 1,
            Self::SessionConflict => 5,
            Self::VersionDeprecated => 7,
        }
    }
}

/// A runner program with its surroundings.
pub struct Listener {
    home: PathBuf,
    env: BTreeMap<String, String>,
    wire: Wire,
    console: Mutex<Box<dyn Write + Send>>,
}

/// Runs the runner program until it ends, on its own or by TERM or INT.
///
/// `args` are those after the program's name, `home` is the directory above `bin`.
///
/// # Panics
/// Outside a tokio runtime that has its I/O driver enabled.
pub async fn main(args: Vec<String>, env: BTreeMap<String, String>, home: PathBuf) -> ExitCode {
    let listener = Listener::new(home, env, wire::over_http(), Box::new(std::io::stdout()));
    let (asked, stop) = watch::channel(false);
    let signals = tokio::spawn(async move {
        signalled().await;
        asked.send_replace(true);
        // The listener ends by itself now; a channel that closed would say nothing more.
        std::future::pending::<()>().await;
    });
    let ending = listener.run(&args, stop).await;
    signals.abort();
    ExitCode::from(ending.code())
}

/// Tells the home of a runner program that was started by this name; `None` for another program.
pub fn home_of(program: &OsStr) -> Option<PathBuf> {
    let program = Path::new(program);
    let named = program.file_name() == Some(OsStr::new("Runner.Listener"));
    named.then(|| program.parent()?.parent().map(Path::to_path_buf)).flatten()
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let term = signal(SignalKind::terminate());
    let int = signal(SignalKind::interrupt());
    let (Ok(mut term), Ok(mut int)) = (term, int) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

impl Listener {
    /// Makes a runner program; what it says goes to `console`.
    pub fn new(
        home: PathBuf,
        env: BTreeMap<String, String>,
        wire: Wire,
        console: Box<dyn Write + Send>,
    ) -> Self {
        Self { home, env, wire, console: Mutex::new(console) }
    }

    /// Does what the arguments ask for, until it is done or `stop` becomes true.
    pub async fn run(&self, args: &[String], stop: watch::Receiver<bool>) -> Ending {
        let args = Arguments::read(args, &self.env);
        match args.command() {
            Some("configure") => self.configure(&args).await,
            Some("run") => self.listen(&args, stop).await,
            Some("remove") => {
                self.say("Removing a registration is not modelled.");
                Ending::TerminatedError
            }
            _ if args.has("version") => {
                self.say(VERSION);
                Ending::Success
            }
            _ => {
                self.say("Commands: configure, run");
                Ending::Success
            }
        }
    }

    fn say(&self, line: &str) {
        if let Ok(mut console) = self.console.lock() {
            // Whoever closed the console does not want to hear it.
            let _ = writeln!(console, "{line}");
        }
    }

    /// The environment of the job: the listener's own, without what was handed to the listener in it.
    fn inherited(&self) -> BTreeMap<String, String> {
        let kept = self.env.iter().filter(|(name, _)| !name.starts_with(arguments::INPUT));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
