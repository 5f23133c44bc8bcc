//! A running `mayfly emulate`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use emulator_core::transport::{self, Transport};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A running `mayfly emulate`; dropping it ends it.
pub(crate) struct Emulated {
    process: Child,
    pub(crate) ready: Value,
}

impl Emulated {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, None)
    }

    /// Starts an emulator with a token of its control port that the operator chose.
    pub(crate) fn start_with(arguments: &[&str], token: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        command.arg("emulate").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command.envs(token.map(|token| ("MAYFLY_CONTROL_TOKEN", token)));
        let mut process = command.spawn().expect("the program of this package");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the ready line");
        let ready = serde_json::from_str(&line).unwrap_or_default();
        Self { process, ready }
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["url"].as_str().expect("a ready line with a URL")
    }

    /// Returns a client that trusts the authority of the ready line.
    pub(crate) fn client(&self) -> Transport {
        let ca = self.ready["ca"].as_str().expect("a ready line with an authority");
        transport::https(Some(Path::new(ca))).expect("a certificate")
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        // It may have ended. The Functions host ends its handler.
        let _ = kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGTERM);
        let _ = self.process.wait();
    }
}
