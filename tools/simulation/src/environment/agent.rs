//! Acts as the container of an agent of Azure Pipelines: claims its files, runs the agent once, and returns the exit code.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use azure_pipelines_agent_emulator::{Agent, Behaviour, Configuration, Outcome, ReturnCode};
use serde_json::Value;
use tokio::sync::watch;

use super::claim::{Claim, Claims};
use super::entrypoint::{NO_JOB, NO_SESSION, RunLocation, SESSION_TIMEOUT, TERMINATED};
use super::organization::OrganizationRun;
use crate::faults::AgentFault;
use crate::record::Fault;

/// The version to which the service updates an agent.
const NEWER_VERSION: &str = "4.275.0";
const AGENT_ENDED: i32 = 1;
const DIED: i32 = 137;
const UPDATES_AGAIN: i32 = 79;

/// A container of an agent.
pub(super) struct AgentContainer {
    pub(super) claims: Claims,
    pub(super) organization: Arc<OrganizationRun>,
    pub(super) location: RunLocation,
    pub(super) fault: Option<AgentFault>,
    /// Whether another process, and its job, read the ticket and replay it.
    pub(super) ticket_replays: bool,
}

impl AgentContainer {
    /// Runs until it ends on its own, or shortly after it is asked to stop; returns the exit code.
    pub(super) async fn run(&self, mut stop: watch::Receiver<bool>) -> i32 {
        let nonce = self.claims.nonce();
        let claimed = tokio::select! {
            biased;
            _ = stop.wait_for(|&asked| asked) => return TERMINATED,
            claimed = self.claims.claim(&nonce) => claimed,
        };
        let files = match claimed {
            Claim::Configured { configuration, .. } => files(&configuration),
            Claim::Ended(code) => return code,
        };
        if self.ticket_replays {
            self.claims.replay_ticket(&self.claims.nonce()).await;
        }
        // Time that the agent needs to start.
        self.claims.network.pass(self.organization.draw(500..8000)).await;
        if let Some(code) = self.without_session(&mut stop).await {
            return code;
        }
        let code = tokio::select! {
            biased;
            never = self.disturb() => match never {},
            code = self.serve(&files, &stop) => code,
        };
        if self.ticket_replays && code == 0 {
            self.claims.replay_ticket(&nonce).await;
        }
        if *stop.borrow() { TERMINATED } else { code }
    }

    /// Returns the exit code of an agent that never opens a session.
    async fn without_session(&self, stop: &mut watch::Receiver<bool>) -> Option<i32> {
        match self.fault? {
            AgentFault::ExitsEarly { code } => {
                self.location.has_fault(Fault::NoSession);
                Some(match code {
                    0 => NO_JOB,
                    3 => 3,
                    4 => UPDATES_AGAIN,
                    _ => AGENT_ENDED,
                })
            }
            AgentFault::Hangs { forever } => {
                self.location.has_fault(Fault::NoSession);
                let timeout = async {
                    match forever {
                        true => std::future::pending().await,
                        false => self.claims.network.pass(SESSION_TIMEOUT).await,
                    }
                };
                Some(tokio::select! {
                    biased;
                    _ = stop.wait_for(|&asked| asked) => TERMINATED,
                    () = timeout => NO_SESSION,
                })
            }
            _ => None,
        }
    }

    /// Serves a job. An agent that has updated itself is started once more, as the entrypoint does.
    async fn serve(&self, files: &BTreeMap<String, String>, stop: &watch::Receiver<bool>) -> i32 {
        let mut version = azure_pipelines_agent_emulator::VERSION.to_owned();
        for is_last in [false, true] {
            let outcome = self.agent(files, &version).run_once(stop.clone()).await;
            match outcome.updated_to {
                Some(newer) if outcome.job.is_none() && !is_last => version = newer,
                _ => return exit_code(&outcome),
            }
        }
        UPDATES_AGAIN
    }

    fn agent(&self, files: &BTreeMap<String, String>, version: &str) -> Agent {
        let configuration = Configuration::from_files(|name| files.get(name).map(String::as_str));
        let configuration = configuration.expect("the handler's files can be read");
        assert_eq!(configuration.agent_name(), self.claims.name, "a claim gives the task's agent");
        let transport = self.organization.transport();
        Agent::new(configuration, &transport, self.claims.network.clock.clone())
            .with(version, &BTreeMap::new())
            .with_behaviour(self.behaviour())
    }

    fn behaviour(&self) -> Behaviour {
        let usual = Behaviour::default();
        match self.fault {
            Some(AgentFault::WorkerCrashes) => {
                self.location.has_fault(Fault::WorkerCrashed);
                Behaviour { worker_crashes: true, ..usual }
            }
            Some(AgentFault::Dies { after }) => {
                self.location.has_fault(Fault::ListenerKilled);
                Behaviour { dies_after: Some(after), ..usual }
            }
            Some(AgentFault::Lingers { lasts }) => Behaviour { lingers: lasts, ..usual },
            _ => usual,
        }
    }

    /// Applies the fault of this run that comes from outside, while the agent runs.
    async fn disturb(&self) -> std::convert::Infallible {
        let pipelines = &self.organization.service.emulator;
        let (name, pass) = (&self.claims.name, |time: Duration| self.claims.network.pass(time));
        match self.fault {
            Some(AgentFault::Updates { after }) => {
                pass(after).await;
                pipelines.update_agent(name, NEWER_VERSION);
            }
            Some(AgentFault::TokenRevoked { after }) => {
                pass(after).await;
                pipelines.revoke_agent_tokens(name);
            }
            Some(AgentFault::Terminated { after }) => {
                pass(after).await;
                self.location.has_fault(Fault::Terminated);
                self.location.terminate().await;
            }
            _ => {}
        }
        std::future::pending().await
    }
}

fn exit_code(outcome: &Outcome) -> i32 {
    match (outcome.code, &outcome.job) {
        (None, _) => DIED,
        (Some(_), Some(_)) => 0,
        (Some(ReturnCode::Success), None) => NO_JOB,
        (Some(ReturnCode::RunOnceAgentUpdating), None) => UPDATES_AGAIN,
        (Some(_), None) => AGENT_ENDED,
    }
}

/// Reads the files of a configuration. No socket for notifications exists in a simulation.
fn files(configuration: &str) -> BTreeMap<String, String> {
    let mut files = local_deployment::agents::decode(configuration);
    if let Some(settings) = files.get_mut(".agent") {
        let mut object: Value = serde_json::from_str(settings).unwrap_or_default();
        object.as_object_mut().map(|object| object.remove("notificationSocketAddress"));
        *settings = object.to_string();
    }
    files
}
