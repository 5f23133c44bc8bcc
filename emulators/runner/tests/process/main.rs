//! The emulated runner as real processes: process groups, signals, exit codes and the order of steps, case by case as
//! the real runner (actions/runner 2.336.0) was seen to do it.
#![expect(clippy::unwrap_used, reason = "what a story builds on fails the story by a panic")]

mod endings;
mod refusals;
mod shutdown;
mod world;
