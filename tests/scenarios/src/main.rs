//! The program that the tests start: handler, runner and command line in one, like `mayfly`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mayfly::main()
}
