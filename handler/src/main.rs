//! The custom handler's program; the Functions host starts it.

use std::process::ExitCode;

use handler::clock::Clock;
use mimalloc::MiMalloc;

/// glibc's allocator takes a quarter of a delivery's processor time, and its locks wake other threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    handler::process::run(Clock::system())
}
