//! Stories of the host, told with a handler that is a process of its own and a small storage queue.

mod handler;
mod world;
mod storage;

mod http;
mod queues;
mod timers;
mod workers;
mod within;
