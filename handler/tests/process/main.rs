//! Stories of the handler's own process, started as the Functions host starts it.

mod handler_under_test;
mod bad_input;
mod envelopes;
mod start;
