//! Deterministic fault-injection simulation: hours of workflow jobs and faults over the real handler and the
//! emulators, in one process and in virtual time.
//!
//! ```text
//! seed ─▶ scenario ─▶ environment ─▶ record ─▶ checker ─▶ summary
//!            ▲       asks the fault injector      │
//!            │       about every call             │
//!            └───────────── shrink ◀──────────────┘ on a violation
//! ```
//!
//! A [`scenario::Scenario`] describes what is going to happen and a [`record::Record`] what happened. The scenario
//! generator, the fault injector and the checker are pure functions of these, so a seed means the same simulation on
//! every machine.

pub mod scenario;
pub mod faults;
pub mod record;
pub mod environment;
pub mod checker;
pub mod summary;
pub mod shrink;
pub mod options;
pub mod run;
