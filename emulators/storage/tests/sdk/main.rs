//! Drives the storage emulators over HTTP with the official Rust SDK, and without it where the SDK would hide the wire.
#![expect(clippy::unwrap_used, reason = "what a story builds on fails the story by a panic")]

mod place;
mod queues;
mod messages;
mod containers;
mod blobs;
mod authorization;
mod faults;
