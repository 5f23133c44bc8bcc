//! Stories of an account, told over real HTTP.

mod world;
mod http_client;
mod puppet;
mod account;
mod access;
mod jobs;
mod tasks;
mod lists;
mod nodes;
mod pools;
mod scaling;
mod skipping;
mod queue;
mod processes;
mod identity;
mod containers;
mod files;
mod determinism;
