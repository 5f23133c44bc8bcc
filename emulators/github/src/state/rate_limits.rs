//! GitHub's primary rate limits.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// The resource that a request is counted against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Resource {
    /// Most requests.
    Core,
    /// Registration tokens and JIT configurations.
    RunnerRegistration,
}

/// The current hour of one resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) limit: u32,
    pub(crate) used: u32,
    pub(crate) resets_at: DateTime<Utc>,
}

/// The limits of one caller.
#[derive(Debug)]
pub(crate) struct Limits {
    core: Window,
    runner_registration: Window,
}

impl Resource {
    pub(crate) fn name(self) -> &'static str {
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

    pub(crate) fn remaining(&self) -> u32 {
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
    /// Makes limits of `hourly` requests an hour; registrations have twice as many.
    pub(crate) fn new(hourly: u32) -> Self {
        let twice = hourly.saturating_mul(2);
        Self { core: Window::new(hourly), runner_registration: Window::new(twice) }
    }

    /// Returns a resource's current window. A new window begins with the first request after a reset.
    pub(crate) fn window(&mut self, resource: Resource, now: DateTime<Utc>) -> &mut Window {
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

    /// Counts one request; returns whether the limit allowed it.
    pub(crate) fn spend(&mut self, resource: Resource, now: DateTime<Utc>) -> bool {
        let window = self.window(resource, now);
        let allowed = window.remaining() > 0;
        window.used += u32::from(allowed);
        allowed
    }

    /// Uncounts a request that was free: 304 Not Modified.
    pub(crate) fn refund(&mut self, resource: Resource, now: DateTime<Utc>) {
        let window = self.window(resource, now);
        window.used = window.used.saturating_sub(1);
    }

    /// Writes the body of `GET /rate_limit`.
    pub(crate) fn overview(&mut self, now: DateTime<Utc>) -> Value {
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
