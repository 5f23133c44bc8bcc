//! GitHub's objects as plain data: repositories, jobs, runners, webhooks, Apps. No state changes here.

pub(crate) mod app;
pub(crate) mod group;
pub(crate) mod hook;
pub(crate) mod job;
pub(crate) mod refusal;
pub(crate) mod repository;
pub(crate) mod run;
pub(crate) mod runner;
pub mod runner_keys;
pub(crate) mod scope;
