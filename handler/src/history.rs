//! The history of ended jobs: what they waited, used and cost.
//!
//! ReconcileRunners records each ended task, and samples of the load. Status and the command line aggregate them. No
//! decision about a runner depends on the history.

mod report;

pub use report::{Cost, EndedJob, HistoryReport, LoadSample, PricesOf, WaitWindow, Waits};
