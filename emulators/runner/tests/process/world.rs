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
use github_runner_emulator::lay_home;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdout, Command};

const TOKEN: &str = "ghp_secret";

/// A GitHub, and a laid runner that is configured for it.
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
    said: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let site = EventContext::new(Clock::of_this_machine());
        let github = GitHub::new(Options::new(TOKEN, 1), site);
        github.add_repository("octo/app", Visibility::Private);
        let service = Service::new(Arc::clone(&github));
        let listening = serve(service, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let home = TempDir::new().unwrap();
        lay_home(home.path(), Path::new(env!("CARGO_BIN_EXE_emulated-runner"))).unwrap();
        configure(&listening.url, home.path()).await;
        let fifo = home.path().join("events");
        assert!(Command::new("mkfifo").arg(&fifo).status().await.unwrap().success());
        let events = pipe::OpenOptions::new().read_write(true).open_receiver(&fifo).unwrap();
        Self { github, home, events: BufReader::new(events).lines(), _listening: listening }
    }

    /// Starts run.sh as an entrypoint does; `RUNNER_ENTRYPOINT_PID` is its own.
    pub(crate) fn run(&self) -> Run {
        self.run_after("")
    }

    /// The same, after some commands of the shell that becomes run.sh.
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
        Run { child, console, said: String::new() }
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

    /// Lists the processes that run in this runner's folder or below.
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
    /// Ends what a test that failed has left.
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
            self.note(&line);
        }
        self.child.wait().await.unwrap().code().unwrap()
    }

    /// Waits until the runner prints some words.
    pub(crate) async fn says(&mut self, words: &str) {
        loop {
            let line = self.console.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("no {words:?} in:\n{}", self.said));
            self.note(&line);
            if line.contains(words) {
                return;
            }
        }
    }

    /// Returns what it printed so far.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    fn note(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }
}

/// A process as the system lists it.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) name: String,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// It has ended, and its parent has not asked for its exit code.
    pub(crate) is_over: bool,
}

impl Process {
    pub(crate) fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let name = before.split_once('(')?.1.to_owned();
        let mut fields = after.split_whitespace();
        let is_over = fields.next()? == "Z";
        let mut numbers = fields.map(|field| field.parse().unwrap());
        Some(Self { pid, name, parent: numbers.next()?, group: numbers.next()?, is_over })
    }
}

/// Waits until a process has ended: a signal that ends it takes a moment to do so.
pub(crate) async fn until_over(pid: i32) {
    let over = async {
        while Process::read(pid).is_some_and(|process| !process.is_over) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), over).await.expect("the process ends");
}

/// Writes how a job ended: its conclusion, and each step with its own.
pub(crate) fn course(job: &Job) -> String {
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
    let answer = emulator_core::transport::http()(request).await.unwrap();
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    let files = STANDARD.decode(answer["encoded_jit_config"].as_str().unwrap()).unwrap();
    let files: BTreeMap<String, String> = serde_json::from_slice(&files).unwrap();
    for (name, content) in files {
        std::fs::write(home.join(name), STANDARD.decode(content).unwrap()).unwrap();
    }
}
