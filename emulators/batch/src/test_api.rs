//! The test API: what tests and the control port change and read without a Batch request.

mod control_port;
mod inspect;

pub use control_port::{Loss, NotFound, ResizeErrorCode};
pub use inspect::{JobSummary, NodeSummary, PoolSummary, TaskSummary};
