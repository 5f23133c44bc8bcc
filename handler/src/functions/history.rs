//! The history: ReconcileRunners extends it, Status reports it, Operate returns it page by page.

mod read;
mod record;

pub(super) use read::report;
pub(super) use record::{record, record_agents};
