//! The signals that end a program: Ctrl-C, TERM of service managers, and HUP of a terminal that is closed.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The number of SIGHUP.
const HANGUP: u32 = 1;

/// The signals, from their creation on: a signal that arrives earlier ends the process.
#[derive(Debug)]
pub struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl EndSignals {
    /// Listens for the signals. One that `nohup` lets this process ignore is still ignored.
    ///
    /// # Errors
    /// The system has no room for a signal handler.
    pub fn listen() -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hangup = match ignores(&status, HANGUP) {
            true => None,
            false => Some(signal(SignalKind::hangup())?),
        };
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())?, hangup })
    }

    /// Waits for the next signal, and returns its name.
    pub async fn next(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
            _ = hangup => "SIGHUP",
        }
    }
}

/// Returns whether a process with this `/proc/PID/status` ignores a signal.
fn ignores(status: &str, signal: u32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_a_bit_of_the_mask() {
        let status = |mask| format!("Name:\tmayfly\nSigIgn:\t{mask}\nSigCgt:\tffffffffffffffff\n");
        for (mask, expected) in
            [("0000000000000001", true), ("0000000000001000", false), ("0000000000001001", true)]
        {
            assert_eq!(ignores(&status(mask), HANGUP), expected, "{mask}");
        }
        assert!(!ignores("", HANGUP));
    }
}
