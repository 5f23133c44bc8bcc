//! Tests of whole accounts, over real HTTP and in virtual time.

mod world;
mod http_client;
mod fake_task;
mod account;
mod bodies;
mod headers;
mod auth;
mod jobs;
mod tasks;
mod versions;
mod lists;
mod nodes;
mod node_requests;
mod preemption;
mod pools;
mod scaling;
mod formula_forms;
mod auto_advance;
mod clients;
mod queue;
mod refusals;
mod processes;
mod identity;
mod containers;
mod files;
mod determinism;
