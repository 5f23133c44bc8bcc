//! Decides about registered runners that a claim meets: the one that it registered before, and one of its name.
//!
//! A configuration is sent only after the id of its runner was recorded with the claim. Two conclusions follow. A
//! runner that has connected, and whose id is not recorded, has no configuration of this deployment. A runner whose id
//! is recorded, and that is not registered any more or has connected, has used its configuration.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a configuration is created again for the process that claimed it: entrypoints retry a claim for ten
/// minutes.
const RESUME_TIMEOUT: TimeDelta = TimeDelta::minutes(10);

/// A registered runner.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisteredRunner {
    /// The id that GitHub gave to it.
    pub id: u64,
    /// Whether it serves one job only. GitHub Enterprise Server of earlier versions does not report it.
    pub ephemeral: Option<bool>,
    /// Whether it is connected.
    pub connection: Connection,
}

/// Whether a runner is or was connected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Connection {
    /// It has never connected.
    Never,
    /// It was connected.
    Lost,
    /// It is connected, and waits for a job.
    Idle,
    /// It has a job.
    Busy,
}

/// The decision about a claim whose runner has been registered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resumption {
    /// Remove that runner, and register another one: its configuration was lost.
    Replace,
    /// Reject the claim: its configuration was used or has expired.
    Closed,
}

/// Decides about a claim for which a runner was registered at `minted`. `runner` is that runner, if it is registered.
pub fn resume(
    minted: DateTime<Utc>,
    runner: Option<&RegisteredRunner>,
    now: DateTime<Utc>,
) -> Resumption {
    let unused = runner.is_some_and(|runner| runner.connection == Connection::Never);
    match unused && now - minted < RESUME_TIMEOUT {
        true => Resumption::Replace,
        false => Resumption::Closed,
    }
}

/// The decision about a registered runner that has the name of the one to register.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Conflict {
    /// It has a job, so the task has been served.
    Busy,
    /// It is connected and waits for a job, or it was removed after the conflict.
    Idle,
    /// Its configuration was lost, or its process has ended: it can be removed.
    Unused,
    /// This deployment did not register it.
    Foreign,
}

/// Decides about a runner of a task's name. `recorded` has the runner of each claim of the task, if it was recorded.
pub fn conflict(runner: &RegisteredRunner, recorded: &[Option<u64>]) -> Conflict {
    let known = recorded.contains(&Some(runner.id));
    let lost = recorded.contains(&None)
        && runner.ephemeral.unwrap_or(true)
        && runner.connection == Connection::Never;
    match runner.connection {
        _ if !known && !lost => Conflict::Foreign,
        Connection::Busy => Conflict::Busy,
        Connection::Idle => Conflict::Idle,
        Connection::Lost | Connection::Never => Conflict::Unused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(connection: Connection) -> RegisteredRunner {
        RegisteredRunner { id: 7, ephemeral: Some(true), connection }
    }

    #[test]
    fn a_claim_resumes_while_its_runner_has_not_connected() {
        let minted = DateTime::UNIX_EPOCH;
        let after = |found: Option<Connection>, minutes| {
            let found = found.map(runner);
            resume(minted, found.as_ref(), minted + TimeDelta::minutes(minutes))
        };
        assert_eq!(after(Some(Connection::Never), 9), Resumption::Replace);
        assert_eq!(after(Some(Connection::Never), 10), Resumption::Closed);
        for used in [Connection::Lost, Connection::Idle, Connection::Busy] {
            assert_eq!(after(Some(used), 0), Resumption::Closed, "{used:?}");
        }
        assert_eq!(after(None, 0), Resumption::Closed);
    }

    #[test]
    fn a_recorded_runner_is_of_this_deployment() {
        let expected = [
            (Connection::Never, Conflict::Unused),
            (Connection::Lost, Conflict::Unused),
            (Connection::Idle, Conflict::Idle),
            (Connection::Busy, Conflict::Busy),
        ];
        for (connection, expected) in expected {
            for ephemeral in [None, Some(true), Some(false)] {
                let runner = RegisteredRunner { ephemeral, ..runner(connection) };
                assert_eq!(conflict(&runner, &[None, Some(7)]), expected, "{runner:?}");
            }
        }
    }

    #[test]
    fn an_unrecorded_runner_that_has_connected_is_foreign() {
        for connection in [Connection::Lost, Connection::Idle, Connection::Busy] {
            assert_eq!(conflict(&runner(connection), &[None, Some(8)]), Conflict::Foreign);
        }
    }

    #[test]
    fn an_unrecorded_runner_is_of_a_claim_whose_record_is_missing() {
        let registered = runner(Connection::Never);
        assert_eq!(conflict(&registered, &[None]), Conflict::Unused);
        assert_eq!(conflict(&registered, &[Some(8)]), Conflict::Foreign);
        assert_eq!(conflict(&registered, &[]), Conflict::Foreign);
        let unknown = RegisteredRunner { ephemeral: None, ..registered.clone() };
        assert_eq!(conflict(&unknown, &[None]), Conflict::Unused);
        let persistent = RegisteredRunner { ephemeral: Some(false), ..registered };
        assert_eq!(conflict(&persistent, &[None]), Conflict::Foreign);
    }
}
