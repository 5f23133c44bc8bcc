//! The ends of `mayfly demo`, `mayfly up` and emulators with child processes: no process and no folder remains.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::control::application;

/// The maximum number of looks for what remains, ten milliseconds apart.
const MAX_LOOKS: usize = 3000;

/// A program whose temporary files are in a folder of its own.
struct Program {
    process: Child,
    stdout: BufReader<ChildStdout>,
    temporary: tempfile::TempDir,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        command.args(arguments);
        if arguments.contains(&"functions-host") {
            // Its handler inherits no variable.
            command.arg("--setting").arg(format!("FOLDER={}", temporary.path().display()));
        }
        command.env("TMPDIR", temporary.path()).env("XDG_RUNTIME_DIR", "/none");
        command.env_remove("MAYFLY_CONTROL_TOKEN").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program of this package");
        let stdout = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, stdout, temporary }
    }

    /// Reads lines until one contains a text.
    fn read_until(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert_ne!(self.stdout.read_line(&mut line).expect("a line"), 0, "no {text:?}");
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).expect("a running process");
    }

    /// Waits for the end. Returns the exit code, or the signal that ended it, and the rest of the output.
    fn end(&mut self) -> (Result<i32, i32>, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        let status = self.process.wait().expect("an end");
        (status.code().ok_or(status.signal().unwrap_or_default()), rest)
    }

    /// Returns the processes and files of the program that exist.
    fn remains(&self) -> Vec<String> {
        let mut remains = processes_with(self.temporary.path());
        let files = std::fs::read_dir(self.temporary.path()).expect("the folder").flatten();
        let files = files.map(|file| file.path()).filter(|path| !is_empty_token_folder(path));
        remains.extend(files.map(|path| path.display().to_string()));
        remains
    }

    async fn check_nothing_remains(&self, context: &str) {
        for _ in 0..MAX_LOOKS {
            if self.remains().is_empty() {
                return;
            }
            // After SIGKILL no process is left to wait for.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{context}: {:?}", self.remains());
    }
}

/// Returns whether this is the folder of control tokens, which later programs use, without a token.
fn is_empty_token_folder(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let user = nix::unistd::geteuid();
    name == format!("mayfly-{user}")
        && path.read_dir().is_ok_and(|mut files| files.next().is_none())
}

/// Returns the processes with a variable that names a file in this folder, or the folder itself.
fn processes_with(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let processes = std::fs::read_dir("/proc").expect("the processes").flatten();
    let ours = processes.filter(|process| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&folder)
    });
    let described = ours.map(|process| {
        let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        format!(
            "{:?} {}",
            process.file_name(),
            String::from_utf8_lossy(&command).replace('\0', " ")
        )
    });
    described.collect()
}

/// Returns whether this process, and so its children, ignore SIGHUP, as under `nohup`.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("the status");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    u64::from_str_radix(mask.trim(), 16).expect("a number") & 1 == 1
}

const SIGNALS: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGKILL];

fn signals() -> impl Iterator<Item = Signal> {
    SIGNALS.into_iter().filter(|signal| *signal != Signal::SIGHUP || !ignores_hangup())
}

#[tokio::test]
async fn a_demo_that_a_signal_ends_leaves_nothing() {
    for signal in signals() {
        let mut demo = Program::start(&["demo", "--jobs", "6", "--job-milliseconds", "600000"]);
        // On Ubuntu and on Windows nodes.
        for _ in 0..5 {
            demo.read_until("job started");
        }
        demo.signal(signal);
        let (code, rest) = demo.end();
        demo.check_nothing_remains(&format!("demo after {signal}")).await;
        if signal == Signal::SIGKILL {
            continue;
        }
        let name = if signal == Signal::SIGINT { "Ctrl-C" } else { signal.as_str() };
        let last = format!(
            "ended by {name}: 0 of 6 jobs were served\nall of its processes and folders on this machine are removed\n"
        );
        assert!(rest.ends_with(&last), "{signal}: {rest}");
        assert_eq!(code, Ok(1), "{signal}");
    }
}

#[tokio::test]
async fn up_that_a_signal_ends_leaves_nothing() {
    for signal in signals() {
        let mut up = Program::start(&["up", "--listen", "127.0.0.1:0", "--nodes", "2"]);
        up.read_until("show its status");
        assert!(!up.remains().is_empty());
        up.signal(signal);
        let (code, rest) = up.end();
        up.check_nothing_remains(&format!("up after {signal}")).await;
        if signal != Signal::SIGKILL {
            assert!(rest.contains(": no job was queued\n"), "{signal}: {rest}");
            assert_eq!(code, Ok(0), "{signal}");
        }
    }
}

#[tokio::test]
async fn a_demo_that_gives_up_states_it_in_its_last_line() {
    let job = ["--job-milliseconds", "600000", "--timeout", "2"];
    let mut demo = Program::start(&[&["demo"], &job[..]].concat());
    let (code, text) = demo.end();
    let last = "gave up after 2 s (--timeout): 0 of 1 jobs were served\nall of its processes and folders on this machine are removed\n";
    assert!(text.ends_with(last), "{text}");
    assert_eq!(code, Ok(1));
    demo.check_nothing_remains("a demo that gave up").await;
    let mut demo = Program::start(&[&["demo", "--json"], &job[..]].concat());
    let (code, text) = demo.end();
    let last = text.lines().last().expect("a summary");
    assert!(last.starts_with(r#"{"event":"summary","outcome":"timed-out","jobs":1"#), "{last}");
    assert_eq!(code, Ok(1));
}

#[tokio::test]
async fn an_emulator_that_a_signal_ends_leaves_no_process() {
    let app = application();
    let app = ["--app", app.path().to_str().expect("a path")];
    let host = [&["emulate", "functions-host"], &app[..]].concat();
    for arguments in [&host[..], &["emulate", "batch", "--simulate", "--pool", "linux"]] {
        for signal in signals() {
            let mut emulator = Program::start(arguments);
            emulator.read_until("ready");
            emulator.signal(signal);
            let (code, _) = emulator.end();
            emulator.check_nothing_remains(&format!("{arguments:?} after {signal}")).await;
            let expected = if signal == Signal::SIGKILL { Err(9) } else { Ok(0) };
            assert_eq!(code, expected, "{arguments:?} {signal}");
        }
    }
}
