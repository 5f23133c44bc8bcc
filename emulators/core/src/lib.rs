//! The outside of Mayfly on one machine: Azure Batch, Azure Storage, the Functions host and GitHub.
//!
//! ```text
//! github ──webhook──▶ functions ──▶ handler ──▶ storage, batch, github, management (tokens from identity)
//!                        └─ polls storage's queue      └─ a node runs the task: claims, serves, ends
//! ```
//!
//! Each emulator is a [`service::Emulator`]: it names the operation that a request asks for, and answers
//! it. [`service::Service`] adds what all of them share: faults, counts, the control port. [`service::serve`]
//! puts one on loopback; a test may as well call the service directly, without a socket.
//!
//! The wire formats are written from the public documentation, never from the handler's types: two
//! readings of one document find a misspelt field, one reading shared by both sides does not. What is
//! not modelled answers 501 with the request's method and path, never an invented success.

pub mod clock;
pub mod events;
pub mod faults;
pub mod service;
pub mod transport;
