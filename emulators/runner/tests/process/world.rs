//! A GitHub on loopback and a runner of real processes: run.sh, run-helper.sh, listener, Worker, steps.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Listening, Service, serve};
use github_emulator::{Conclusion, GitHub, Job, NewJob, Options, Visibility};
use github_runner_emulator::install_runner;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdout, Command};

const TOKEN: &str = "ghp_secret";

/// A GitHub, and an installed runner that is configured for it.
pub(crate) struct World {
    pub(crate) github: Arc<GitHub>,
    pub(crate) home: TempDir,
    events: Lines<BufReader<pipe::Receiver>>,
    _listening: Listening,
}

/// A run.sh that was started.
pub(crate) struct Run {
    child: Child,
    console: Lines<BufReader<ChildStdout>>,
    output: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let context = EventContext::new(Clock::of_this_machine());
        let github = GitHub::new(Options::new(TOKEN, 1), context);
        github.add_repository("octo/app", Visibility::Private);
        let service = Service::new(Arc::clone(&github));
        let listening = serve(service, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let home = TempDir::new().unwrap();
        install_runner(home.path(), Path::new(env!("CARGO_BIN_EXE_emulated-runner"))).unwrap();
        configure(&listening.url, home.path()).await;
        let fifo = home.path().join("events");
        assert!(Command::new("mkfifo").arg(&fifo).status().await.unwrap().success());
        let events = pipe::OpenOptions::new().read_write(true).open_receiver(&fifo).unwrap();
        Self { github, home, events: BufReader::new(events).lines(), _listening: listening }
    }

    /// Starts run.sh as an entrypoint does, with its own process id in `RUNNER_ENTRYPOINT_PID`.
    pub(crate) fn run(&self) -> Run {
        self.run_after("")
    }

    /// Starts run.sh after some commands in the shell that becomes run.sh.
    pub(crate) fn run_after(&self, prelude: &str) -> Run {
        let script =
            format!("export RUNNER_ENTRYPOINT_PID=$$ EVENTS=$PWD/events; {prelude}\nexec ./run.sh");
        let hook = self.home.path().join("hook.sh");
        let mut command = Command::new("env");
        command
            .args(["--default-signal=INT,TERM", "bash", "-c", &script])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("RUNNER_MANUALLY_TRAP_SIG", "1")
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if hook.exists() {
            command.env("ACTIONS_RUNNER_HOOK_JOB_STARTED", hook);
        }
        let mut child = command.spawn().unwrap();
        let console = BufReader::new(child.stdout.take().unwrap()).lines();
        Run { child, console, output: String::new() }
    }

    /// Installs the job-started hook.
    pub(crate) fn hook(&self, script: &str) {
        self.write("hook.sh", script);
    }

    pub(crate) fn write(&self, name: &str, script: &str) {
        let path = self.home.path().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.home.path().join(name).exists()
    }

    pub(crate) fn queue(&self, change: impl FnOnce(&mut NewJob)) -> u64 {
        let mut job = NewJob::new("octo/app", &["linux"]);
        change(&mut job);
        self.github.queue_job(job)
    }

    /// Waits for the next line that a script writes into `$EVENTS`.
    pub(crate) async fn event(&mut self) -> String {
        self.events.next_line().await.unwrap().unwrap()
    }

    /// Finds the process of this runner by its name.
    pub(crate) fn process(&self, name: &str) -> Pid {
        let found = self.processes().into_iter().find(|process| process.name == name);
        Pid::from_raw(found.unwrap_or_else(|| panic!("no process {name}")).pid)
    }

    /// Lists the processes whose working directory is this runner's directory or below.
    fn processes(&self) -> Vec<Process> {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_here = |pid: &i32| {
            let folder = std::fs::read_link(format!("/proc/{pid}/cwd"));
            folder.is_ok_and(|folder| folder.starts_with(self.home.path()))
        };
        pids.filter(is_here).filter_map(Process::read).collect()
    }
}

impl Drop for World {
    /// Kills the processes that a failed test has left behind.
    fn drop(&mut self) {
        for process in self.processes() {
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
    }
}

impl Run {
    /// Waits until run.sh and the runner have ended; returns the exit code.
    pub(crate) async fn ended(&mut self) -> i32 {
        while let Some(line) = self.console.next_line().await.unwrap() {
            self.record(&line);
        }
        self.child.wait().await.unwrap().code().unwrap()
    }

    /// Waits until the runner prints some text.
    pub(crate) async fn wait_for_output(&mut self, text: &str) {
        loop {
            let line = self.console.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("no {text:?} in:\n{}", self.output));
            self.record(&line);
            if line.contains(text) {
                return;
            }
        }
    }

    /// Returns the output so far.
    pub(crate) fn output(&self) -> &str {
        &self.output
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    fn record(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
    }
}

/// A process in /proc.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) name: String,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// It has ended, but its parent has not read its exit code.
    pub(crate) is_zombie: bool,
}

impl Process {
    pub(crate) fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let name = before.split_once('(')?.1.to_owned();
        let mut fields = after.split_whitespace();
        let is_zombie = fields.next()? == "Z";
        let mut numbers = fields.map(|field| field.parse().unwrap());
        Some(Self { pid, name, parent: numbers.next()?, group: numbers.next()?, is_zombie })
    }
}

/// Waits until a process has ended; a signal takes a while to end it.
pub(crate) async fn until_ended(pid: i32) {
    let ended = async {
        while Process::read(pid).is_some_and(|process| !process.is_zombie) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended)
        .await
        .expect("the process ends");
}

/// Lists the conclusions of a job and its steps.
pub(crate) fn steps_of(job: &Job) -> String {
    let word = |conclusion: Option<Conclusion>| match conclusion {
        Some(conclusion) => format!("{conclusion:?}").to_lowercase(),
        None => "skipped".to_owned(),
    };
    let steps =
        job.steps.iter().map(|step| format!("\n  {}: {}", step.name, word(step.conclusion)));
    format!("job {}{}", word(job.conclusion), steps.collect::<String>())
}

async fn configure(url: &str, home: &Path) {
    let body = json!({ "name": "gh-1", "runner_group_id": 1, "labels": ["linux"] });
    let request =
        http::Request::post(format!("{url}/repos/octo/app/actions/runners/generate-jitconfig"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("user-agent", "mayfly")
            .body(Bytes::from(body.to_string()))
            .unwrap();
    let response = emulator_core::transport::http()(request).await.unwrap();
    let response: Value = serde_json::from_slice(response.body()).unwrap();
    let files = STANDARD.decode(response["encoded_jit_config"].as_str().unwrap()).unwrap();
    let files: BTreeMap<String, String> = serde_json::from_slice(&files).unwrap();
    for (name, content) in files {
        std::fs::write(home.join(name), STANDARD.decode(content).unwrap()).unwrap();
    }
}
