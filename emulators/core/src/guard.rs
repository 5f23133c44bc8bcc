//! A process that removes what another process leaves behind, however that one ends.
//!
//! A program that is killed cannot end its children, and cannot remove its folders. It therefore starts itself once
//! more under the name [`NAME`], with a pipe as stdin. Each line of the pipe names a thing to remove. The pipe closes
//! when the program ends, and then the guard removes what is left.
//!
//! Rejected: the kernel's signal to children (`PR_SET_PDEATHSIG`). It reaches neither their children nor folders.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

mod removal;

/// The name under which a program starts itself as its guard.
pub const NAME: &str = "mayfly-guard";

/// A thing to remove when the guarded process has ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarded {
    /// A folder, and the processes that were started with the path of it or of a file in it in a variable.
    Folder(PathBuf),
    /// A file.
    File(PathBuf),
    /// The processes that were started with this variable, `NAME=value`.
    Variable(String),
    /// The containers of an engine that this filter of its `ps` selects.
    Containers {
        /// The program of the engine.
        engine: PathBuf,
        /// The filter.
        filter: String,
    },
}

/// A running guard; dropping the last clone waits until nothing is left.
#[derive(Clone, Debug, Default)]
pub struct Guard(Option<Arc<Running>>);

#[derive(Debug)]
struct Running {
    process: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// Starts this program as a guard, if its `main` calls [`main`] for this name. Without it, a program that is killed
    /// leaves its processes and folders behind.
    pub fn start() -> Self {
        let started = std::env::current_exe().and_then(|program| Running::start(&program));
        let started = started.inspect_err(|err| {
            tracing::warn!(
                "failed to start the guard: {err}; after SIGKILL, processes and folders remain"
            );
        });
        Self(started.ok().map(Arc::new))
    }

    /// Lets the guard remove a thing when this process has ended.
    pub fn watch(&self, guarded: &Guarded) {
        let Some(running) = &self.0 else { return };
        let line = serde_json::to_string(guarded).expect("plain fields always serialize");
        if let Ok(Some(pipe)) = running.pipe.lock().as_deref_mut() {
            // It fails if the guard was killed.
            let _ = writeln!(pipe, "{line}");
        }
    }
}

impl Running {
    fn start(program: &Path) -> io::Result<Self> {
        let mut process = Command::new(program)
            .arg0(NAME)
            // Ctrl-C and the end of a terminal reach the process group of the guarded process only.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let pipe = Mutex::new(process.stdin.take());
        Ok(Self { process: Mutex::new(process), pipe })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(mut pipe) = self.pipe.lock() {
            *pipe = None;
        }
        if let Ok(mut process) = self.process.lock() {
            // It fails if another part of the program has waited for all children.
            let _ = process.wait();
        }
    }
}

/// Returns whether a program was started as a guard, by its name.
pub fn is_guard(program: &OsStr) -> bool {
    Path::new(program).file_name().is_some_and(|name| name == NAME)
}

/// Waits until stdin is closed, and then removes what its lines name.
pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let cleaned = runtime.and_then(|runtime| runtime.block_on(guard(io::stdin().lock())));
    cleaned.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

async fn guard(mut lines: impl Read) -> io::Result<()> {
    // A service manager sends them to all processes of a service; the guard ends last.
    let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
    let _signals = kinds.map(signal);
    let mut text = String::new();
    lines.read_to_string(&mut text)?;
    // The last line is incomplete if the guarded process was killed while it wrote.
    let guarded: Vec<Guarded> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    removal::remove_all(&guarded).await;
    Ok(())
}
