//! The invariants of every function that reads untrusted input: one function for each input boundary.
//!
//! Each takes an input and panics if an invariant is violated. `fuzz/` has the targets for cargo-fuzz, and the test `corpus`
//! runs the inputs in `corpus/`, a folder for each boundary.

mod address;
mod delivery;
mod host;
mod pipelines;
mod responses;
mod settings;

pub use address::forwarded_for;
pub use delivery::webhook;
pub use host::{envelope, message, ticket};
pub use pipelines::{pipelines_event, pipelines_response};
pub use responses::{batch_response, github_response};
pub use settings::settings;

/// Checks the invariants of one input boundary; panics if the input violates one.
pub type Boundary = fn(&[u8]);

/// All input boundaries by name.
pub const BOUNDARIES: [(&str, Boundary); 10] = [
    ("webhook", webhook),
    ("envelope", envelope),
    ("message", message),
    ("ticket", ticket),
    ("forwarded_for", forwarded_for),
    ("settings", settings),
    ("batch_response", batch_response),
    ("github_response", github_response),
    ("pipelines_event", pipelines_event),
    ("pipelines_response", pipelines_response),
];

/// Checks that a text fits into a response or a log line: it is short, whatever the input, and has no line break.
fn assert_loggable(text: &str) {
    assert!(text.len() <= 2_000, "{} bytes: {text}", text.len());
    assert!(!text.chars().any(|c| c == '\n' || c == '\r'), "{text:?}");
}
