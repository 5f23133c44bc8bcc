//! Says what must hold for any bytes that reach the handler from outside: one function an entrance.
//!
//! Each takes an input and panics where a promise is broken. Fuzzing (`fuzz/`) draws inputs, and the test `corpus`
//! goes through those that were corpus in `corpus/`, one folder an entrance.

mod answers;
mod delivery;
mod host;
mod address;
mod settings;

pub use address::forwarded_for;
pub use answers::{batch_answer, github_answer};
pub use delivery::webhook;
pub use host::{envelope, message, ticket};
pub use settings::settings;

/// What must hold for an input.
pub type Entrance = fn(&[u8]);

/// Every entrance, by its name.
pub const ENTRANCES: [(&str, Entrance); 8] = [
    ("webhook", webhook),
    ("envelope", envelope),
    ("message", message),
    ("ticket", ticket),
    ("forwarded_for", forwarded_for),
    ("settings", settings),
    ("batch_answer", batch_answer),
    ("github_answer", github_answer),
];

/// A text that goes into an answer or a line of the log must not grow with the input, nor break the line.
fn is_fit_to_be_told(text: &str) {
    assert!(text.len() <= 2_000, "{} bytes: {text}", text.len());
    assert!(!text.chars().any(|c| c == '\n' || c == '\r'), "{text:?}");
}
