//! Tests of the handler's process, started in the same way as by the Functions host.

mod handler_under_test;
mod bad_input;
mod envelopes;
mod start;
