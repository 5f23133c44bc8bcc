//! An emulated GitHub Actions runner, for machines where the real one is not available.
//!
//! A directory written by [`install_runner`] looks like an unpacked runner: `run.sh` starts `run-helper.sh`, which
//! starts `bin/Runner.Listener`, which starts `bin/Runner.Worker` for its job; `config.sh` starts the listener to
//! register. Both programs can be any program that passes its arguments to [`main`]. During a job, all of them, the
//! hooks and the steps are in one process group. The listener's return codes, the exit codes of `run.sh`, the files,
//! the hooks and their environment, the order of the steps, and the effects of signals are those of the real runner.
//! Only the work is not: a job takes the requested time, and runs the given scripts.
//!
//! The behaviour was observed with actions/runner 2.336.0; the tests record it as tables of cases.

mod arguments;
mod configuration;
mod home;
mod in_memory;
mod listener;
mod messages;
mod perf_counters;
mod program;
mod return_code;
mod runner_service;
mod scripts;
mod service_error;
mod signals;
mod signing_key;
mod worker;

#[cfg(test)]
mod tests;

pub use home::{VERSION, install_release, install_runner};
pub use in_memory::{InMemoryRunner, JobOutcome, ServedJob};
pub use listener::Listener;
pub use program::{main, runner_home};
pub use return_code::ReturnCode;
