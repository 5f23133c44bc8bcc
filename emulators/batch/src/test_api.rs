//! The test API: changes and inspection of an account without Batch requests.

mod control_port;
mod inspect;

pub(crate) use control_port::ACTIONS;
pub use control_port::{Loss, NotFound, ResizeErrorCode};
pub use inspect::{Evaluations, JobSummary, NodeSummary, PoolSummary, TaskSummary};
