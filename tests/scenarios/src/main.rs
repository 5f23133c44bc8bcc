//! The program that the stories start: handler, runner and command line in one, as `mayfly` is.

use std::process::ExitCode;

fn main() -> ExitCode {
    mayfly::main()
}
