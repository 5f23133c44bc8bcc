//! Decides what follows when a handler process ends.

use chrono::{DateTime, TimeDelta, Utc};

/// Errors further apart than this do not add up.
const MEMORY: TimeDelta = TimeDelta::minutes(30);
const TOO_MANY: usize = 3;
/// The exit code by which a handler asks to be started again.
const RESTART_WANTED: i32 = 200;

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Another process.
    Restart,
    /// None: it meant to end.
    Rest,
    /// None: it fails too often.
    Stop,
}

/// The errors so far.
#[derive(Debug, Default)]
pub(super) struct Exits(Vec<DateTime<Utc>>);

impl Exits {
    /// Decides after an exit; `None` for a signal, and for a process that never came up.
    pub(super) fn after(&mut self, code: Option<i32>, now: DateTime<Utc>) -> Verdict {
        match code {
            Some(0) => return Verdict::Rest,
            Some(RESTART_WANTED) => return Verdict::Restart,
            _ => {}
        }
        if self.0.last().is_some_and(|last| now - last > MEMORY) {
            self.0.clear();
        }
        self.0.push(now);
        if self.0.len() < TOO_MANY { Verdict::Restart } else { Verdict::Stop }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_error_within_half_an_hour_of_the_last_stops_the_host() {
        let mut exits = Exits::default();
        let mut after =
            |code, minute| exits.after(code, DateTime::UNIX_EPOCH + TimeDelta::minutes(minute));
        let verdicts = [
            (Some(1), 0),
            (None, 29),
            (Some(200), 30),
            (Some(101), 60),
            (Some(1), 80),
            (Some(1), 90),
        ]
        .map(|(code, minute)| after(code, minute));
        use Verdict::{Restart, Stop};
        assert_eq!(verdicts, [Restart, Restart, Restart, Restart, Restart, Stop]);
        assert_eq!(after(Some(0), 91), Verdict::Rest);
    }
}
