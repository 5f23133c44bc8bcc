//! Tests of the host with a handler in a separate process and a minimal storage queue.

mod connections;
mod handler;
mod world;
mod storage;

mod http;
mod forwarding;
mod admin;
mod queues;
mod timers;
mod workers;
mod lifecycle;
mod in_process;
