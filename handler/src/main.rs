//! The custom handler's program; the Functions host starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    handler::process::run()
}
