//! The handlers of the operations.

mod discovery;
mod federation;
mod managed_identity;

pub(crate) use discovery::discover_instance;
