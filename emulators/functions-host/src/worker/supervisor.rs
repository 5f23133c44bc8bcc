//! The supervisor of a group's processes.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use emulator_core::clock::Clock;
use emulator_core::service::Request;

use super::exit_policy::{ErrorHistory, NextStep};
use super::process::{Exit, Launch, Process};
use super::{Command, HandlerStartError, State};
use crate::http_client::{HttpClient, Length};

/// The interval between connection attempts to a new process.
const READY_POLL_INTERVAL: Duration = Duration::from_millis(25);
/// The maximum time until a new process responds.
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(60);
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
    pub(super) state: watch::Sender<State>,
    /// The commands to execute.
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    /// Receives the result of the first start.
    pub(super) first_start: Option<oneshot::Sender<Result<(), HandlerStartError>>>,
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
            self.state.send_replace(State::Starting);
            let next_step = match Process::spawn(&self.launch) {
                Ok(mut process) => match self.watch(&mut process).await {
                    ProcessEnd::Commanded(Command::ShutDown) => {
                        process.kill().await;
                        return self.stop();
                    }
                    end => self.handle_end(end, &mut process, &mut history).await,
                },
                Err(source) => {
                    let executable = self.launch.executable.display().to_string();
                    let error = HandlerStartError::NotExecutable { executable, source };
                    match self.report_first_failure(error) {
                        true => NextStep::Stop,
                        false => history.after_exit(None, self.clock.now()),
                    }
                }
            };
            match next_step {
                NextStep::Restart => {}
                NextStep::Exit => return self.idle(State::Exited).await,
                NextStep::Stop => return self.idle(State::Stopped).await,
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
        self.state.send_replace(State::Ready { port, pid });
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

    async fn handle_end(
        &mut self,
        end: ProcessEnd,
        process: &mut Process,
        history: &mut ErrorHistory,
    ) -> NextStep {
        let (code, error) = match end {
            ProcessEnd::Commanded(command) => {
                process.kill().await;
                if let Command::ChangeSettings(settings) = command {
                    self.launch.environment.extend(settings);
                }
                return NextStep::Restart;
            }
            ProcessEnd::Exited(exit) => {
                let stderr = process.stderr_tail().await;
                (exit.code, HandlerStartError::Exited { exit: exit.to_string(), stderr })
            }
            ProcessEnd::Unresponsive => {
                process.kill().await;
                (None, HandlerStartError::Unresponsive { stderr: process.stderr_tail().await })
            }
        };
        tracing::warn!(group = self.launch.group, %error, "handler of group {} ended", self.launch.group);
        match self.report_first_failure(error) {
            true => NextStep::Stop,
            false => history.after_exit(code, self.clock.now()),
        }
    }

    /// Reports the failure of the first start, which aborts the host's start; returns false for a later start.
    fn report_first_failure(&mut self, error: HandlerStartError) -> bool {
        // As above, the receiver may be dropped.
        self.first_start.take().map(|first_start| first_start.send(Err(error))).is_some()
    }

    async fn idle(mut self, state: State) {
        self.state.send_replace(state);
        while let Some(command) = self.commands.recv().await {
            if matches!(command, Command::ShutDown) {
                return self.stop();
            }
        }
    }

    fn stop(self) {
        self.state.send_replace(State::Stopped);
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
