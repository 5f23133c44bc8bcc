//! The caches of the process. Losing one costs requests, and changes no decision.

mod batch_jobs;
mod claim_failures;
mod ended_tasks;
mod history;
mod live_firewall;
mod pipelines_runs;
mod refused_claims;
mod status;
mod wakes;
mod webhooks;

pub(crate) use batch_jobs::{Additions, BatchJobCache};
pub(crate) use claim_failures::RecordedFailures;
pub(crate) use ended_tasks::{EndedTasks, Unlisted};
pub(crate) use history::HistoryCache;
pub(crate) use live_firewall::LiveFirewall;
pub(crate) use pipelines_runs::PipelinesRuns;
pub(crate) use refused_claims::RefusedClaimsRecord;
pub(crate) use status::StatusCache;
pub(crate) use wakes::WakeCache;
pub(crate) use webhooks::WebhookCache;
