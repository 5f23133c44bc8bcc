//! The custom handler's program; the Functions host starts it.

use std::process::ExitCode;

use handler::clock::Clock;

fn main() -> ExitCode {
    handler::process::run(Clock::system())
}
