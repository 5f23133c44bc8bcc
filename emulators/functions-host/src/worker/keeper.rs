//! Lives through a group's processes, one after the other.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::exits::{Exits, Verdict};
use super::process::{Exit, Launch, Process};
use super::{Order, State, Trouble};
use crate::http_client::{HttpClient, Length};
use emulator_core::clock::Clock;
use emulator_core::service::Request;

/// How often a new process is asked whether it listens.
const READY_POLL: Duration = Duration::from_millis(25);
/// How long a process may take until it listens.
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a running process is pinged. Nothing follows from the answer.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// Starts processes, tells how they fare, and takes orders.
pub(super) struct Keeper {
    /// What to start.
    pub(super) launch: Launch,
    /// Tells how far apart two failures are.
    pub(super) clock: Clock,
    /// Asks a process whether it listens.
    pub(super) client: HttpClient,
    /// What became of the process.
    pub(super) state: watch::Sender<State>,
    /// What to do with it.
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    /// Wants to hear how the first start went.
    pub(super) first: Option<oneshot::Sender<Result<(), Trouble>>>,
}

enum Ending {
    Exited(Exit),
    Silent,
    Ordered(Order),
}

impl Keeper {
    /// Keeps a process running until it has ended for good.
    pub(super) async fn keep(mut self) {
        let mut exits = Exits::default();
        loop {
            self.state.send_replace(State::Starting);
            let verdict = match Process::spawn(&self.launch) {
                Ok(mut process) => match self.live(&mut process).await {
                    Ending::Ordered(Order::End) => {
                        process.kill().await;
                        return self.end();
                    }
                    ending => self.bury(ending, &mut process, &mut exits).await,
                },
                Err(source) => {
                    let executable = self.launch.executable.display().to_string();
                    match self.failed_first(Trouble::NotStarted { executable, source }) {
                        true => Verdict::Stop,
                        false => exits.after(None, self.clock.now()),
                    }
                }
            };
            match verdict {
                Verdict::Restart => {}
                Verdict::Rest => return self.idle(State::Rested).await,
                Verdict::Stop => return self.idle(State::Stopped).await,
            }
        }
    }

    /// Lives through one process, from its start to its end.
    async fn live(&mut self, process: &mut Process) -> Ending {
        let (port, pid) = (process.port, process.pid);
        let client = self.client.clone();
        let ready = timeout(INITIALIZATION_TIMEOUT, answering(&client, port));
        tokio::select! {
            exit = process.ended() => return Ending::Exited(exit),
            order = self.order(pid) => return Ending::Ordered(order),
            ready = ready => if ready.is_err() { return Ending::Silent },
        }
        self.state.send_replace(State::Ready { port, pid });
        if let Some(first) = self.first.take() {
            // As below: nobody may wait for it any more.
            let _ = first.send(Ok(()));
        }
        loop {
            tokio::select! {
                exit = process.ended() => return Ending::Exited(exit),
                order = self.order(pid) => return Ending::Ordered(order),
                () = sleep(PING_INTERVAL) => ping(&client, port).await,
            }
        }
    }

    /// Waits for an order that concerns this process, or every one.
    ///
    /// Invocations that time out together each ask for a restart; the first of them gets it.
    async fn order(&mut self, process: u32) -> Order {
        loop {
            match self.orders.recv().await {
                Some(Order::Restart { pid }) if pid != process => {}
                Some(order) => return order,
                // The worker is dropped as its host is, and this task with it.
                None => std::future::pending().await,
            }
        }
    }

    async fn bury(&mut self, ending: Ending, process: &mut Process, exits: &mut Exits) -> Verdict {
        let (code, trouble) = match ending {
            Ending::Ordered(order) => {
                process.kill().await;
                if let Order::Adopt(settings) = order {
                    self.launch.environment.extend(settings);
                }
                return Verdict::Restart;
            }
            Ending::Exited(exit) => {
                let said = process.last_words().await;
                (exit.code, Trouble::Ended { exit: exit.to_string(), said })
            }
            Ending::Silent => {
                process.kill().await;
                (None, Trouble::Silent { said: process.last_words().await })
            }
        };
        tracing::warn!(group = self.launch.group, %trouble, "handler gone");
        match self.failed_first(trouble) {
            true => Verdict::Stop,
            false => exits.after(code, self.clock.now()),
        }
    }

    /// Reports a failed first start, which ends the host's start; `false` where this one was not the first.
    fn failed_first(&mut self, trouble: Trouble) -> bool {
        // Nobody waits for the report if another group's process has failed before.
        self.first.take().map(|first| first.send(Err(trouble))).is_some()
    }

    async fn idle(mut self, state: State) {
        self.state.send_replace(state);
        while let Some(order) = self.orders.recv().await {
            if matches!(order, Order::End) {
                return self.end();
            }
        }
    }

    fn end(self) {
        self.state.send_replace(State::Stopped);
    }
}

async fn answering(client: &HttpClient, port: u16) {
    while client.send(root(port), Length::Known).await.is_err() {
        sleep(READY_POLL).await;
    }
}

async fn ping(client: &HttpClient, port: u16) {
    let answer = timeout(PING_INTERVAL, client.send(root(port), Length::Known)).await;
    tracing::trace!(port, answered = matches!(answer, Ok(Ok(_))), "pinged the handler");
}

fn root(port: u16) -> Request {
    let uri = format!("http://127.0.0.1:{port}/");
    http::Request::get(uri).body(Bytes::new()).expect("an address and a port make a URI")
}
