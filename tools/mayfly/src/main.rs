//! The program `mayfly`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A simulation has a few hundred thousand small requests and responses; glibc's allocator takes a quarter of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    mayfly::main()
}
