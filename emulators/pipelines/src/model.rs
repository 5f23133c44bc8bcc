//! What Azure DevOps keeps.

pub(crate) mod agent;
pub(crate) mod demand;
pub(crate) mod pool;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod server_task;
pub(crate) mod subscription;
