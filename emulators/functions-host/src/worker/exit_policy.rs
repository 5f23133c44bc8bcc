//! The decision after the exit of a handler process.

use chrono::{DateTime, TimeDelta, Utc};

/// The interval after which earlier errors no longer count.
const ERROR_TTL: TimeDelta = TimeDelta::minutes(30);
const MAX_ERRORS: usize = 3;
/// The exit code with which a handler requests a restart.
const RESTART_EXIT_CODE: i32 = 200;

/// The action after an exit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NextStep {
    /// Start another process.
    Restart,
    /// Start none, because the exit was intended.
    Exit,
    /// Stop the host, because the handler failed too often.
    Stop,
}

/// The times of the errors so far.
#[derive(Debug, Default)]
pub(super) struct ErrorHistory(Vec<DateTime<Utc>>);

impl ErrorHistory {
    /// Decides after an exit; `code` is `None` for a signal, and for a process that never responded.
    pub(super) fn after_exit(&mut self, code: Option<i32>, now: DateTime<Utc>) -> NextStep {
        match code {
            Some(0) => return NextStep::Exit,
            Some(RESTART_EXIT_CODE) => return NextStep::Restart,
            _ => {}
        }
        if self.0.last().is_some_and(|last| now - last > ERROR_TTL) {
            self.0.clear();
        }
        self.0.push(now);
        if self.0.len() < MAX_ERRORS { NextStep::Restart } else { NextStep::Stop }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_error_within_half_an_hour_stops_the_host() {
        let mut history = ErrorHistory::default();
        let mut after = |code, minute| {
            history.after_exit(code, DateTime::UNIX_EPOCH + TimeDelta::minutes(minute))
        };
        let steps = [
            (Some(1), 0),
            (None, 29),
            (Some(200), 30),
            (Some(101), 60),
            (Some(1), 80),
            (Some(1), 90),
        ]
        .map(|(code, minute)| after(code, minute));
        use NextStep::{Restart, Stop};
        assert_eq!(steps, [Restart, Restart, Restart, Restart, Restart, Stop]);
        assert_eq!(after(Some(0), 91), NextStep::Exit);
    }
}
