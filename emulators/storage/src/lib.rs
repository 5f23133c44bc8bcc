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
//! API"). Every published version since 2015-04-05 is served; `api_version` names the differences that are
//! modelled. `README.md` is the table of what is offered, not modelled, and approximate.
//!
//! A query parameter or `x-ms-` header that is not modelled makes the request unmodelled: snapshots,
//! versions, tags, tiers, customer-provided keys, copies, service SAS, access
//! policies, changes of service properties, append blobs and page blobs are all answered with 501.

mod account;
mod auth;
mod routes;
mod handlers;
mod dto;
mod state;
mod request;
mod api_version;
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
