//! The programs `Runner.Listener` and `Runner.Worker`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tokio::sync::watch;

use crate::listener::Listener;
use crate::{signals, worker};

/// The names of the programs.
const PROGRAMS: [&str; 2] = ["Runner.Listener", "Runner.Worker"];

/// Runs the listener or the Worker until it ends, on its own or by TERM or INT.
///
/// `args` are the arguments after the program's name, `home` is the directory above `bin`.
///
/// # Panics
/// Outside a tokio runtime with an I/O driver.
pub async fn main(args: Vec<String>, env: BTreeMap<String, String>, home: PathBuf) -> ExitCode {
    if args.first().is_some_and(|first| first == "spawnclient") {
        return worker::main(env, home).await;
    }
    let listener = Listener::with_worker_processes(home, env, Box::new(std::io::stdout()));
    let (stop, stopped) = watch::channel(false);
    let signals = tokio::spawn(async move {
        signals::interrupted().await;
        stop.send_replace(true);
        // The listener now ends on its own. Keeps the channel open: a closed channel never requests a stop.
        std::future::pending::<()>().await;
    });
    let return_code = listener.run(&args, stopped).await;
    signals.abort();
    ExitCode::from(return_code.code())
}

/// Returns the home of a runner whose program was started by this name; `None` for any other program.
pub fn runner_home(program: &OsStr) -> Option<PathBuf> {
    let program = Path::new(program);
    let name = program.file_name()?;
    let is_runner = PROGRAMS.iter().any(|known| name == OsStr::new(known));
    is_runner.then(|| program.parent()?.parent().map(Path::to_path_buf)).flatten()
}
