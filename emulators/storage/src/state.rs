//! The stored queues, containers and blobs. Pure: the time is an argument.

pub(crate) mod blob;
pub(crate) mod conditions;
pub(crate) mod containers;
pub(crate) mod deletions;
pub(crate) mod ids;
pub(crate) mod lease;
pub(crate) mod pop_receipt;
pub(crate) mod queue;
