//! The common base of Mayfly's emulators of Azure Batch, Azure Storage, the Functions host and GitHub.
//!
//! ```text
//! github ──webhook──▶ functions ──▶ handler ──▶ storage, batch, github, management (tokens from identity)
//!                        └─ polls a storage queue      └─ a node runs the task: claims, serves, ends
//! ```
//!
//! Each emulator is a [`service::Emulator`]: it maps a request to an operation and answers it.
//! [`service::Service`] adds fault injection, call counts and the control port. [`service::serve`] binds a
//! service to a socket; a test can also call the service directly, without a socket.
//!
//! The wire formats are written from the public documentation, never from the handler's types: two
//! readings of one document reveal a misspelt field, one type shared by both sides does not. A request
//! that is not modelled is answered with 501, its method and its path, never with an invented success.

pub mod clock;
pub mod events;
pub mod faults;
pub mod guard;
pub mod service;
pub mod signals;
pub mod text_file;
pub mod timers;
pub mod tls;
pub mod token_key;
pub mod transport;
