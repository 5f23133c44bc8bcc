//! Stories of an account, told over real HTTP.

mod world;
mod http_client;
mod puppet;
mod access;
mod jobs;
mod tasks;
mod lists;
mod nodes;
mod queue;
mod processes;
mod containers;
mod files;
