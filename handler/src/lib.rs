//! Creates a runner on Azure Batch for each queued GitHub Actions job. Each runner runs one job.
//!
//! ```text
//! GitHub ─webhook─▶ ProvideActionsRunner ─message─▶ SubmitRunnerTask ─task─▶ Azure Batch
//! GitHub ◀─ one job ── runner container ◀─ just-in-time configuration ─ ClaimRunner ◀─ ticket ─┘
//! ```
//!
//! Modules depend on each other in one direction: `main → process → routes → functions → app → clients → pure modules`.
//! The pure modules decide, without I/O: they use no tokio, reqwest, warp or Azure crates, no environment, and no
//! clock. The clients send requests; there is one for each external service.

pub mod secret;
pub mod clock;
pub mod random;
pub mod error_chain;
pub mod json;
mod ordered;
pub mod app_key;
pub mod settings;

pub mod firewall;
pub mod webhook;
pub mod admission;
pub mod refused_claims;
pub mod repository;
pub mod profiles;
pub mod schedule;
pub mod polling;
pub mod message;
pub mod invocation;
pub mod scope;
pub mod runner_group;
pub mod ticket;
pub mod task;
pub mod batch_job;
pub mod pauses;
pub mod claim_failures;
pub mod assignment;
pub mod reconcile;
pub mod history;
pub mod status_report;
pub mod status_page;
pub mod replay_plan;
pub mod operation;
pub mod doctor;
pub mod task_output;

pub mod deadline;
pub mod transport;
pub mod wake;
pub mod storage;
pub mod batch;
pub mod github;
pub mod pipelines;
pub mod management;

pub mod app;
mod cache;
mod http;
mod collect;
mod functions;
#[cfg(test)]
mod formats;
pub mod routes;
pub mod process;
