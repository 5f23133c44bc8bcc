//! The session: its creation with the agent's own retries, and its end.

use std::time::Duration;

use super::Agent;
use crate::service_error::ServiceError;

/// The delay between two attempts.
const RETRY_DELAY: Duration = Duration::from_secs(30);
/// How long another session of the agent is waited for.
const MAX_CONFLICT: Duration = Duration::from_secs(240);
/// How long a clock that differs from the service's is waited for.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(1800);
/// How long the deletion of a session may take.
const DELETE_TIMEOUT: Duration = Duration::from_secs(30);

impl Agent {
    /// Creates a session; `None` if the agent cannot: it or its pool was deleted, its access was rejected, or it has
    /// another session.
    pub(super) async fn create_session(&self) -> Option<String> {
        let (mut conflict, mut skew) = (Duration::ZERO, Duration::ZERO);
        loop {
            let error = match self.service.create_session(&self.version, &self.capabilities).await {
                Ok(session) => return Some(session),
                Err(error) => error,
            };
            if conflict.is_zero() && skew.is_zero() {
                self.print(&format!("Agent connect error: {}", error.text()));
            }
            match retry_after(&error) {
                Retry::Never => return None,
                Retry::Conflict => conflict += RETRY_DELAY,
                Retry::ClockSkew => skew += RETRY_DELAY,
                Retry::Always => {}
            }
            if conflict > MAX_CONFLICT || skew > MAX_CLOCK_SKEW {
                return None;
            }
            self.sleep(RETRY_DELAY).await;
        }
    }

    pub(super) async fn delete_session(&self, session: &str) {
        let deadline = self.clock.now() + DELETE_TIMEOUT;
        tokio::select! {
            biased;
            // If this fails, the service ends the session once it has no polls.
            _ = self.service.delete_session(session) => {}
            () = self.clock.sleep_until(deadline) => {}
        }
    }
}

enum Retry {
    Never,
    Conflict,
    ClockSkew,
    Always,
}

fn retry_after(error: &ServiceError) -> Retry {
    if error.is("TaskAgentSessionConflictException") {
        Retry::Conflict
    } else if error.is_clock_skew() {
        Retry::ClockSkew
    } else if error.is_gone() || error.is_denied() {
        Retry::Never
    } else {
        Retry::Always
    }
}
