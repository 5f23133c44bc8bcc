//! The supervisor of a group's processes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use emulator_core::clock::Clock;
use emulator_core::service::Request;

use super::exit_policy::{ErrorHistory, NextStep};
use super::instance::Instance;
use super::process::{Exit, Launch, Process};
use super::state::State;
use super::{Command, HOST_RESTART_DELAY, HandlerStartError, StateOwner};
use crate::http_client::{HttpClient, Length};

/// The interval between connection attempts to a new process.
const READY_POLL_INTERVAL: Duration = Duration::from_millis(25);
/// The maximum time until a new process responds: `HttpWorkerOptions.InitializationTimeout` in
/// <https://github.com/Azure/azure-functions-host>.
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);
/// The interval between pings of a running process. The result has no effect.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// A task that starts processes, publishes their state, and executes commands.
pub(super) struct Supervisor {
    /// The process to start.
    pub(super) launch: Launch,
    /// The clock that measures the time between errors.
    pub(super) clock: Clock,
    /// The client that pings the process.
    pub(super) client: HttpClient,
    /// The state of the process.
    pub(super) state: StateOwner,
    /// The invocations in work.
    pub(super) instance: Arc<Instance>,
    /// The commands to execute.
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    /// Receives the result of the first start.
    pub(super) first_start: Option<oneshot::Sender<Result<(), HandlerStartError>>>,
}

/// What follows the end of a process.
enum Outcome {
    /// Another process starts.
    Restart,
    /// No other process starts.
    Exited,
    /// The host has ended at this time, and the platform starts it again.
    HostEnded(DateTime<Utc>),
    /// The host is shut down.
    Stopped,
}

enum ProcessEnd {
    Exited(Exit),
    Unresponsive,
    Commanded(Command),
}

impl Supervisor {
    /// Restarts the process until it is shut down.
    pub(super) async fn run(mut self) {
        let mut history = ErrorHistory::default();
        loop {
            let outcome = if self.state.0.set_if(|state| state != State::Ended, State::Starting) {
                self.run_process(&mut history).await
            } else {
                // The host ends during a restart of the process: the command follows.
                {
                    let command = self.command(0).await;
                    self.without_process(command)
                }
            };
            let goes_on = match outcome {
                Outcome::Restart => true,
                Outcome::Exited => self.idle().await,
                Outcome::HostEnded(at) => {
                    history = ErrorHistory::default();
                    self.until_restarted(at).await
                }
                Outcome::Stopped => false,
            };
            if !goes_on {
                return self.stop();
            }
        }
    }

    /// Runs one process.
    async fn run_process(&mut self, history: &mut ErrorHistory) -> Outcome {
        match Process::spawn(&self.launch) {
            Ok(mut process) => {
                let end = self.watch(&mut process).await;
                self.handle_end(end, &mut process, history).await
            }
            Err(source) => {
                let executable = self.launch.executable.display().to_string();
                let error = HandlerStartError::NotExecutable { executable, source };
                self.after_error(error, None, history)
            }
        }
    }

    /// Watches one process from its start to its end.
    async fn watch(&mut self, process: &mut Process) -> ProcessEnd {
        let (port, pid) = (process.port, process.pid);
        let client = self.client.clone();
        let ready = timeout(INITIALIZATION_TIMEOUT, until_responding(&client, port));
        tokio::select! {
            exit = process.exited() => return ProcessEnd::Exited(exit),
            command = self.command(pid) => return ProcessEnd::Commanded(command),
            ready = ready => if ready.is_err() { return ProcessEnd::Unresponsive },
        }
        self.state.0.set_if(|state| state == State::Starting, State::Ready { port, pid });
        if let Some(first_start) = self.first_start.take() {
            // The receiver is dropped if the process of another group has failed before.
            let _ = first_start.send(Ok(()));
        }
        loop {
            tokio::select! {
                exit = process.exited() => return ProcessEnd::Exited(exit),
                command = self.command(pid) => return ProcessEnd::Commanded(command),
                () = sleep(PING_INTERVAL) => ping(&client, port).await,
            }
        }
    }

    /// Waits for a command to this process, or to any process.
    ///
    /// Invocations that time out together each request a restart; only the first request has an effect.
    async fn command(&mut self, process: u32) -> Command {
        loop {
            match self.commands.recv().await {
                Some(Command::Restart { pid }) if pid != process => {}
                Some(command) => return command,
                // The worker is dropped with its host, and this task with it.
                None => std::future::pending().await,
            }
        }
    }

    async fn obey(&mut self, command: Command, process: &mut Process) -> Outcome {
        match command {
            Command::Drain { restart } => {
                self.drain(process).await;
                self.instance.lose();
                process.kill().await;
                if restart { Outcome::HostEnded(self.clock.now()) } else { Outcome::Stopped }
            }
            command => {
                if matches!(command, Command::EndHost { .. } | Command::ShutDown) {
                    self.instance.lose();
                }
                process.kill().await;
                self.without_process(command)
            }
        }
    }

    /// Executes a command whose process has ended.
    fn without_process(&mut self, command: Command) -> Outcome {
        match command {
            Command::Restart { .. } | Command::Crash => Outcome::Restart,
            Command::ChangeSettings(settings) => {
                self.launch.environment.extend(settings);
                Outcome::Restart
            }
            Command::EndHost { at } => Outcome::HostEnded(at),
            Command::Drain { restart: true } => Outcome::HostEnded(self.clock.now()),
            Command::Drain { restart: false } | Command::ShutDown => Outcome::Stopped,
        }
    }

    /// Lets the invocations in work end. A second command to shut down cuts them.
    async fn drain(&mut self, process: &mut Process) {
        let drained = self.instance.drained(&self.clock);
        tokio::select! {
            () = drained => {}
            _ = process.exited() => {}
            () = until_shut_down(&mut self.commands) => {}
        }
    }

    async fn handle_end(
        &mut self,
        end: ProcessEnd,
        process: &mut Process,
        history: &mut ErrorHistory,
    ) -> Outcome {
        // Invocations wait for the next process instead of failing at this one.
        self.state.0.set_if(|state| matches!(state, State::Ready { .. }), State::Starting);
        let (code, error) = match end {
            ProcessEnd::Commanded(command) => return self.obey(command, process).await,
            ProcessEnd::Exited(exit) => {
                let stderr = process.stderr_tail().await;
                (exit.code, HandlerStartError::Exited { exit: exit.to_string(), stderr })
            }
            ProcessEnd::Unresponsive => {
                process.kill().await;
                (None, HandlerStartError::Unresponsive { stderr: process.stderr_tail().await })
            }
        };
        self.after_error(error, code, history)
    }

    /// Decides after an error. That of the first start aborts the host's start.
    fn after_error(
        &mut self,
        error: HandlerStartError,
        code: Option<i32>,
        history: &mut ErrorHistory,
    ) -> Outcome {
        tracing::warn!(group = self.launch.group, %error, "handler of group {} ended", self.launch.group);
        if let Some(first_start) = self.first_start.take() {
            // As above, the receiver may be dropped.
            let _ = first_start.send(Err(error));
            return Outcome::Stopped;
        }
        match history.after_exit(code, self.clock.now()) {
            NextStep::Restart => Outcome::Restart,
            NextStep::Exit => Outcome::Exited,
            NextStep::Stop => Outcome::HostEnded(self.clock.now()),
        }
    }

    /// Waits after an exit with code 0 until the host is started again; returns false if it is shut down.
    async fn idle(&mut self) -> bool {
        self.state.0.set(State::Exited);
        while let Some(command) = self.commands.recv().await {
            match self.without_process(command) {
                Outcome::HostEnded(at) => return self.until_restarted(at).await,
                Outcome::Stopped => return false,
                Outcome::Restart | Outcome::Exited => {}
            }
        }
        false
    }

    /// Waits until the platform starts the host that has ended; returns false if it is shut down before.
    async fn until_restarted(&mut self, ended: DateTime<Utc>) -> bool {
        self.state.0.set(State::Ended);
        self.instance.lose();
        let restart = self.clock.sleep_until(ended + HOST_RESTART_DELAY);
        tokio::select! {
            () = restart => {}
            () = until_shut_down(&mut self.commands) => return false,
        }
        self.state.0.set(State::Starting);
        true
    }

    fn stop(self) {
        self.instance.lose();
        self.state.0.set(State::Stopped);
    }
}

/// Waits for a command that ends the host for good; others have no effect on a host that ends.
async fn until_shut_down(commands: &mut mpsc::UnboundedReceiver<Command>) {
    loop {
        match commands.recv().await {
            Some(Command::ShutDown | Command::Drain { restart: false }) => return,
            Some(_) => {}
            // The worker is dropped with its host, and this task with it.
            None => std::future::pending().await,
        }
    }
}

async fn until_responding(client: &HttpClient, port: u16) {
    while client.send(ping_request(port), Length::Known).await.is_err() {
        sleep(READY_POLL_INTERVAL).await;
    }
}

async fn ping(client: &HttpClient, port: u16) {
    let response = timeout(PING_INTERVAL, client.send(ping_request(port), Length::Known)).await;
    tracing::trace!(port, responded = matches!(response, Ok(Ok(_))), "pinged the handler");
}

fn ping_request(port: u16) -> Request {
    let uri = format!("http://127.0.0.1:{port}/");
    http::Request::get(uri).body(Bytes::new()).expect("the address is a valid URI")
}
