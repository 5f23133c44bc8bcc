//! The program `mayfly`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mayfly::main()
}
