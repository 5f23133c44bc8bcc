//! Emulates Azure Storage: its queues and its block blobs, each on a port of its own.
//!
//! Addresses are in path style, as for an account without a host name of its own:
//! `http://127.0.0.1:PORT/<account>/<queue>/messages`, `http://127.0.0.1:PORT/<account>/<container>/<blob>`.
//! A caller proves himself by an account SAS or by Shared Key; the signature is computed and compared,
//! times are read from the shared clock. A bearer token needs TLS, so that one is refused here.
//!
//! Modelled after the REST reference of Azure Storage ("Queue Storage REST API", "Blob Storage REST
//! API"), as of version 2026-04-06. What follows from an older `x-ms-version` is not modelled: an
//! answer repeats the version of the request and has today's shape. The age of `x-ms-date` is not
//! judged, because the clock here may stand elsewhere than the caller's.
//!
//! A query parameter or an `x-ms-` header that is not modelled makes the request one that is not
//! modelled: snapshots, versions, leases, tags, tiers, customer keys, copies, transactional hashes,
//! service SAS, access policies, service properties, append and page blobs all answer 501.

mod account;
mod authorization;
mod shared_access;
mod shared_key;
mod address;
mod modelled;
mod exchange;
mod failure;
mod ids;
mod metadata;
pub mod queues;
pub mod blobs;

pub use account::{Account, BadKey};
pub use blobs::Blobs;
pub use queues::Queues;
