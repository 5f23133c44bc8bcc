//! The caches of the process. Losing one costs requests, and changes no decision.

mod batch_jobs;
mod chains;
mod jobs;
mod live_firewall;
mod status;

pub(crate) use batch_jobs::BatchJobCache;
pub(crate) use chains::ChainCache;
pub(crate) use jobs::JobCache;
pub(crate) use live_firewall::LiveFirewall;
pub(crate) use status::StatusCache;
