//! The JSON of the Batch data plane, api-version 2025-06-01, written from its public specification.
//!
//! Request bodies are read strictly, and properties are returned as they were received. This module
//! knows shapes and limits of values, and nothing of running jobs.

mod time;
mod checks;
mod resource_id;
mod reader;
mod job;
mod container;
mod exit;
mod task;
mod start_task;
mod statistics;
mod pool;
mod node;

pub use container::{BindMount, BindSource, ContainerSettings, WorkingDirectory};
pub(crate) use exit::JobAction;
pub(crate) use job::{
    AllTasksComplete, DisableTasks, JobConstraints, JobDisable, JobExecution, JobLimits, JobPatch,
    JobReplace, JobTerminate, JobView, NewJob, TaskFailure,
};
pub(crate) use node::{
    AutoScaleRun, MachineInfo, NamedError, NodeAgentInfo, NodeView, PoolView, RequestedProperties,
};
pub(crate) use pool::{
    AutoScaleEvaluation, AutoScaleSettings, Deallocation, FillType, JobOrder, NewPool, NodeReboot,
    NodeRemoval, NodeSchedulingDisable, OFFERS, Offer, PoolPatch, PoolReplace, PoolResize,
    SchedulingPolicy, check_interval, cores,
};
pub(crate) use reader::{parse, read};
pub(crate) use start_task::{StartTask, StartTaskView};
pub(crate) use statistics::TaskStatistics;
pub(crate) use task::{
    Detail, ExecutionView, FailureInfo, NewTask, NodeInfo, TaskCollection, TaskConstraints,
    TaskLimits, TaskReplace, TaskView, UserIdentity,
};
pub(crate) use time::{IsoDuration, Timestamp};
