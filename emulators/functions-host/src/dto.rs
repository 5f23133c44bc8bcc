//! The formats that the host exchanges with the handler and with storage.

pub(crate) mod function_list;
pub(crate) mod payload;
pub(crate) mod queue_message;
pub(crate) mod results;
