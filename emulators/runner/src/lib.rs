//! Emulates GitHub's runner program, where the real one cannot be had.
//!
//! A directory that [`lay_home`] lays looks like an unpacked runner: `run.sh` starts `run-helper.sh`, that
//! `bin/Runner.Listener`, and that `bin/Runner.Worker` for its job; `config.sh` starts the listener to register.
//! Both programs are any program that hands its arguments to [`main`]. In a job all of them, the hooks and the steps
//! are in one process group. The endings are the real listener's, and `run.sh` turns them into its own as the real
//! one does; so are the files, the hooks with their environment, the order of the steps, and what a signal does. Only
//! the work is not: a job takes the time that it was ordered to take, and runs the scripts that it was given.
//!
//! The behaviour was seen with actions/runner 2.336.0; the tests hold it as tables of cases.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use emulator_core::clock::Clock;
use emulator_core::transport::{self, Transport};

mod arguments;
mod configuring;
mod listening;
mod dispatch;
mod worker;
mod steps;
mod script;
mod service;
mod rejected;
mod key;
mod perf;
mod home;
mod scripts;
mod bare;

#[cfg(test)]
mod tests;

use arguments::Arguments;
pub use bare::{Bare, Course, Served};
pub use home::{lay_home, lay_release};
use service::{Report, Service};

/// The version that it says it has.
pub const VERSION: &str = "2.336.0";

/// The names by which the program is started.
const PROGRAMS: [&str; 2] = ["Runner.Listener", "Runner.Worker"];

/// How long it waits before it repeats a request that failed once; the real one waits longer.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the end of a job is reported, until it is given up.
const REPORTS: u32 = 30;
/// How long it waits after the second failed report and each further one; the real one was seen to take 286 s
/// for all. After the first it waits for 1 s here.
const REPORT_PAUSE: Duration = Duration::from_millis(10_200);

/// How the listener ends; `run-helper.sh` makes 0, 2 or 7 of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// It served its job, was stopped, or was removed while it listened.
    Success,
    /// It could not be configured, or not connect as what it is configured as.
    TerminatedError,
    /// It met an error that it does not know; `run.sh` starts it again after 5 s.
    RetryableError,
    /// It updates itself; `run.sh` starts it again.
    Updating,
    /// The same, of an ephemeral runner.
    RunOnceUpdating,
    /// Another one had its session for four minutes.
    SessionConflict,
    /// The service refuses its version, and an environment variable asked for this code.
    VersionDeprecated,
    /// It aborted.
    Crashed,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::TerminatedError => 1,
            Self::RetryableError => 2,
            Self::Updating => 3,
            Self::RunOnceUpdating => 4,
            Self::SessionConflict => 5,
            Self::VersionDeprecated => 7,
            Self::Crashed => 134,
        }
    }
}

/// Where Workers run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Workers {
    /// Each in a process of its own, `bin/Runner.Worker`.
    Processes,
    /// In the listener's process: the form of simulations and of programs without a folder.
    InProcess,
}

/// A runner program with its surroundings.
pub struct Listener {
    home: PathBuf,
    env: BTreeMap<String, String>,
    transport: Transport,
    workers: Workers,
    console: Mutex<Box<dyn Write + Send>>,
}

/// Runs the runner program, the listener or the Worker, until it ends, on its own or by TERM or INT.
///
/// `args` are those after the program's name, `home` is the directory above `bin`.
///
/// # Panics
/// Outside a tokio runtime that has its I/O driver enabled.
pub async fn main(args: Vec<String>, env: BTreeMap<String, String>, home: PathBuf) -> ExitCode {
    if args.first().is_some_and(|first| first == "spawnclient") {
        return worker::main(env, home).await;
    }
    let listener = Listener {
        workers: Workers::Processes,
        ..Listener::new(home, env, transport::http(), Box::new(std::io::stdout()))
    };
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

/// Returns the home of a runner program that was started by this name; `None` for another program.
pub fn home_of(program: &OsStr) -> Option<PathBuf> {
    let program = Path::new(program);
    let name = program.file_name()?;
    let named = PROGRAMS.iter().any(|known| name == OsStr::new(known));
    named.then(|| program.parent()?.parent().map(Path::to_path_buf)).flatten()
}

/// Reads whether INT is ignored; a shell without job control starts its background commands so.
fn is_interrupt_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.unwrap_or_default() & 1 << (nix::libc::SIGINT - 1) != 0
}

/// Keeps INT from ending this process, without handing that on to its children.
fn ignore_interrupt() -> JoinHandle<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupts = signal(SignalKind::interrupt());
    tokio::spawn(async move {
        if let Ok(mut interrupts) = interrupts {
            while interrupts.recv().await.is_some() {}
        }
    })
}

/// Reports the end of a job until the service takes it, or for five minutes.
async fn report(service: &Service, job: u64, done: &Report) {
    for attempt in 1..=REPORTS {
        match service.complete(job, done).await {
            Err(error) if error.may_pass() && attempt < REPORTS => {
                tokio::time::sleep(if attempt == 1 { PAUSE } else { REPORT_PAUSE }).await;
            }
            _ => return,
        }
    }
}

fn now() -> DateTime<Utc> {
    Clock::of_this_machine().now()
}

/// Waits for INT or TERM; INT does not come where it was ignored when the program was started, as .NET has it.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let is_deaf = is_interrupt_ignored();
    let term = signal(SignalKind::terminate());
    let int = signal(SignalKind::interrupt());
    let (Ok(mut term), Ok(mut int)) = (term, int) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv(), if !is_deaf => {}
    }
}

impl Listener {
    /// Makes a runner program; what it says goes to `console`.
    pub fn new(
        home: PathBuf,
        env: BTreeMap<String, String>,
        transport: Transport,
        console: Box<dyn Write + Send>,
    ) -> Self {
        let console = Mutex::new(console);
        Self { home, env, transport, workers: Workers::InProcess, console }
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
            // A closed console is no reason to fail.
            let _ = writeln!(console, "{line}");
        }
    }

    fn say_at(&self, line: &str) {
        self.say(&format!("{}: {line}", now().format("%Y-%m-%d %H:%M:%SZ")));
    }

    /// The environment of the job: the listener's own, without what was handed to the listener in it.
    fn inherited(&self) -> BTreeMap<String, String> {
        let kept = self.env.iter().filter(|(name, _)| !name.starts_with(arguments::INPUT));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
