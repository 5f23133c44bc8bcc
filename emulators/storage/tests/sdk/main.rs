//! Tests of the storage emulators over HTTP with the official Rust SDK, or without it where the SDK would hide
//! the response.
#![expect(clippy::unwrap_used, reason = "a failed precondition fails the test")]

mod account;
mod queues;
mod administration;
mod raw;
mod response_format;
mod refusals;
mod messages;
mod containers;
mod appends;
mod blobs;
mod leases;
mod auth;
mod faults;
