//! Counts API requests against GitHub's primary limits.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::operation::Operation;

/// What a limit is spent on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Resource {
    /// Most requests.
    Core,
    /// Tokens and configurations for new runners.
    RunnerRegistration,
}

/// One resource's hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) limit: u32,
    pub(super) used: u32,
    pub(super) resets_at: DateTime<Utc>,
}

/// The limits of one caller.
#[derive(Debug)]
pub(super) struct Limits {
    core: Window,
    runner_registration: Window,
}

impl Resource {
    pub(super) fn of(operation: Operation) -> Self {
        match operation {
            Operation::CreateRegistrationToken(_) | Operation::GenerateRunnerJitconfig(_) => {
                Self::RunnerRegistration
            }
            _ => Self::Core,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::RunnerRegistration => "actions_runner_registration",
        }
    }
}

impl Window {
    fn new(limit: u32) -> Self {
        Self { limit, used: 0, resets_at: DateTime::UNIX_EPOCH }
    }

    pub(super) fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    fn as_json(self) -> Value {
        json!({
            "limit": self.limit,
            "remaining": self.remaining(),
            "used": self.used,
            "reset": self.resets_at.timestamp(),
        })
    }
}

impl Limits {
    /// Makes limits of so many requests an hour; twice as many registrations.
    pub(super) fn new(hourly: u32) -> Self {
        let twice = hourly.saturating_mul(2);
        Self { core: Window::new(hourly), runner_registration: Window::new(twice) }
    }

    /// Looks at a resource's hour, which begins with its first request.
    pub(super) fn window(&mut self, resource: Resource, now: DateTime<Utc>) -> &mut Window {
        let window = match resource {
            Resource::Core => &mut self.core,
            Resource::RunnerRegistration => &mut self.runner_registration,
        };
        if window.resets_at <= now {
            window.used = 0;
            window.resets_at = now + TimeDelta::hours(1);
        }
        window
    }

    /// Spends one request; tells whether there was one left.
    pub(super) fn spend(&mut self, resource: Resource, now: DateTime<Utc>) -> bool {
        let window = self.window(resource, now);
        let left = window.remaining() > 0;
        window.used += u32::from(left);
        left
    }

    /// Gives a request back that cost nothing.
    pub(super) fn give_back(&mut self, resource: Resource, now: DateTime<Utc>) {
        let window = self.window(resource, now);
        window.used = window.used.saturating_sub(1);
    }

    /// Writes what `GET /rate_limit` answers.
    pub(super) fn overview(&mut self, now: DateTime<Utc>) -> Value {
        let core = self.window(Resource::Core, now).as_json();
        let registration = self.window(Resource::RunnerRegistration, now).as_json();
        let unused = |limit: u32| json!({ "limit": limit, "remaining": limit, "used": 0, "reset": now.timestamp() + 60 });
        json!({
            "resources": {
                "core": core,
                "search": unused(30),
                "graphql": unused(5000),
                "actions_runner_registration": registration,
            },
            "rate": core,
        })
    }
}
