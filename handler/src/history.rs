//! The history of ended jobs: what they waited, used and cost.
//!
//! ReconcileRunners records each ended task, and samples of the load, as JSON lines in daily append blobs. Status and the
//! command line aggregate them. No decision about a runner depends on the history.

mod aggregate;
mod blobs;
mod costs;
mod due;
mod ended;
mod export;
mod marks;
mod prices;
mod record;
mod report;
mod sample;
mod summary;
mod waits;

pub use aggregate::{DaysRead, Part};
pub use blobs::{BlobName, Folder};
pub use costs::{PoolOfProfile, costs};
pub use due::{Due, EndedTask, MAX_POSTPONED};
pub use ended::ended_jobs;
pub use export::{HistoryPage, HistoryRequest, MAX_PAGE_BYTES, csv};
pub use marks::{Marks, Position};
pub use prices::Prices;
pub use record::{MAX_RECORD_BYTES, Record};
pub use report::{Cost, EndedJob, HistoryReport, LoadSample, PricesOf, WaitWindow, Waits};
pub use sample::{PoolSample, Sample, SampleLine};
pub use summary::{Inputs, summarize};
