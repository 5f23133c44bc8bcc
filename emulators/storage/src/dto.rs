//! The formats of requests and responses, written from the REST reference.

pub(crate) mod account;
pub(crate) mod blobs;
pub(crate) mod checksums;
pub(crate) mod content_headers;
pub(crate) mod lease_headers;
pub(crate) mod include;
pub(crate) mod metadata;
pub(crate) mod properties;
pub(crate) mod queues;
pub(crate) mod range;
pub(crate) mod xml_document;
