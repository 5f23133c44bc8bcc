//! The program `mayfly`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A storm is a few hundred thousand small requests and answers: with glibc's allocator, a quarter of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    mayfly::main()
}
