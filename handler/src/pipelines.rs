//! Agents of Azure Pipelines: each waiting job gets an agent of its own, on the pools of this deployment.
//!
//! ```text
//! Azure DevOps ─job requests─▶ ReconcileRunners ─task─▶ Azure Batch
//! Azure DevOps ◀─ one job ── agent's container ◀─ three files ─ ClaimRunner ◀─ ticket ─┘
//! ```
//!
//! The job requests of a pool are the truth: they are read by the timer, and after an event of a service hook, which names
//! neither a pool nor a request. [`demand`] matches requests with profiles, [`plan`] decides what is done, and
//! [`registration`] writes the files of an agent. The client is [`Pipelines`]. No demand is parsed here: Azure DevOps itself
//! lists the agents that meet the demands of a request, and each profile has an offline agent in its pool for this purpose,
//! its placeholder ([`names`]).

pub mod names;
pub mod dto;
pub mod call;
pub mod callback;
pub mod demand;
pub mod plan;
pub mod jobs;
pub mod history;
pub mod need;
pub mod hook;
pub mod subscription;
pub mod registration;
pub mod key;

mod connection;
mod response;
mod client;
mod error;

pub use client::{Pipelines, PoolId};
pub use error::PipelinesError;
