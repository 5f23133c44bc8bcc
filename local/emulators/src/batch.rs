//! Azure Batch on this machine: jobs, tasks, task files, and fixed pools whose nodes run tasks for real.

mod failure;
mod wire;
mod access;
mod route;
mod query;
mod conditions;
mod state;
pub mod launch;

pub use route::Operation;
pub use wire::{BindMount, BindSource, ContainerSettings, WorkingDirectory};
