//! Plays storms: hours of jobs and faults over the real handler and the emulators, in one process and in virtual time.
//!
//! ```text
//! seed ─▶ plan ─▶ world ─▶ record ─▶ verdict ─▶ summary
//!           ▲      asks fate, call by call │
//!           └───────── shrink ◀────────────┘ failed
//! ```
//!
//! A [`plan::Plan`] says what is going to happen, a [`record::Record`] what happened. Neither knows the other's
//! world: plans, fates and verdicts are pure, so that a seed means the same storm everywhere.

pub mod plan;
pub mod fate;
pub mod record;
pub mod world;
pub mod verdict;
pub mod summary;
pub mod shrink;
mod threads;
pub mod options;
pub mod run;
