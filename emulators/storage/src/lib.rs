//! An emulator of Azure Storage over HTTP: queues and block blobs, each service on its own port.
//!
//! ```text
//! request ─▶ routes ─▶ auth ─▶ handlers ─▶ state
//!            which     SAS or    one method   queues, containers
//!            operation Shared Key per operation
//! ```
//!
//! Addresses are in path style, as for an account without its own host name:
//! `http://127.0.0.1:PORT/<account>/<queue>/messages`, `http://127.0.0.1:PORT/<account>/<container>/<blob>`.
//! A caller authenticates with an account SAS or with Shared Key. The signature is computed and compared;
//! times are read from the shared clock. A bearer token requires TLS, so it is rejected.
//!
//! Modelled after the REST reference of Azure Storage ("Queue Storage REST API", "Blob Storage REST
//! API"), version 2026-04-06. Differences of an older `x-ms-version` are not modelled: a response repeats
//! the version of the request, but has the current format. The age of `x-ms-date` is not checked, because
//! the emulators' clock can differ from the caller's.
//!
//! A query parameter or `x-ms-` header that is not modelled makes the request unmodelled: snapshots,
//! versions, tags, tiers, customer-provided keys, copies, transactional hashes, service SAS, access
//! policies, changes of service properties, append blobs and page blobs are all answered with 501.

mod account;
mod auth;
mod routes;
mod handlers;
mod dto;
mod state;
mod request;
mod response;
mod context;
mod error;
mod test_api;

pub use account::{Account, InvalidKey};
pub use handlers::blobs::Blobs;
pub use handlers::queues::Queues;
pub use routes::blobs::Operation as BlobOperation;
pub use routes::queues::Operation as QueueOperation;
pub use test_api::QueuedMessage;
