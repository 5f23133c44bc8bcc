//! From a queued GitHub Actions job to a runner on Azure Batch, one job a runner.
//!
//! ```text
//! GitHub ─webhook─▶ ProvideActionsRunner ─message─▶ SubmitRunnerTask ─task─▶ Azure Batch
//! GitHub ◀─ the one job ─ runner container ◀─ one-shot configuration ─ ClaimRunner ◀─ ticket ─┘
//! ```
//!
//! `main → process → routes → functions → app → {pure modules, clients}`. The pure modules decide and know no I/O: no tokio,
//! reqwest, warp or azure crates, no environment, no clock. The clients act, one folder an outside service.

pub mod secret;
pub mod clock;
pub mod error_chain;
pub mod json;
pub mod app_key;
pub mod settings;

pub mod firewall;
pub mod webhook;
pub mod admission;
pub mod repository;
pub mod profiles;
pub mod message;
pub mod invocation;
pub mod scope;
pub mod runner_group;
pub mod ticket;
pub mod task;
pub mod batch_job;
pub mod assignment;
pub mod reconcile;
pub mod status_report;
pub mod replay_plan;

pub mod deadline;
pub mod transport;
pub mod storage;
pub mod batch;
pub mod github;
pub mod management;

pub mod app;
mod cache;
mod http;
mod collect;
mod functions;
pub mod routes;
pub mod process;
