//! An emulated Azure Pipelines agent, for machines where the real one is not available.
//!
//! It is `Agent.Listener run --once` with a worker that takes the requested time instead of running steps: its files, its
//! calls, its messages, its exit codes and the effects of SIGINT are those of the agent, as its sources show them
//! (<https://github.com/microsoft/azure-pipelines-agent>). [`Behaviour`] switches to what goes wrong with real agents.
//!
//! ```text
//! three files ─▶ token ─▶ session ─▶ poll ─▶ job ─▶ renewals ─▶ result ─▶ session deleted ─▶ exit code
//!                            └─ a second poll every 30 s, whose answer is discarded
//! ```
//!
//! Not modelled: encrypted messages, timelines, logs, feature flags, telemetry, and the installation of an update, after
//! which this agent has the requested version.

mod behaviour;
mod capabilities;
mod configuration;
mod home;
mod listener;
mod messages;
mod notifications;
mod program;
mod return_code;
mod service;
mod service_error;
mod signing_key;

#[cfg(test)]
mod tests;

pub use behaviour::Behaviour;
pub use configuration::{Configuration, InvalidConfiguration};
pub use home::{VERSION, install_agent, install_release};
pub use listener::{Agent, Outcome, ServedJob};
pub use program::{agent_home, main};
pub use return_code::ReturnCode;
