//! The functions, one file each, under the name that the Functions host uses.

pub(crate) mod provide_actions_runner;
pub(crate) mod submit_runner_task;
pub(crate) mod claim_runner;
pub(crate) mod reconcile_runners;
pub(crate) mod refresh_firewall;
pub(crate) mod status;
pub(crate) mod status_page;
pub(crate) mod operate;
pub(crate) mod agents;
pub(crate) mod provide_pipelines_agent;
pub(crate) mod provide_azdo_agent;
mod pause;
mod wake;
mod doctor;
mod logs;

mod group;
mod history;
mod operators;
mod replacement;
