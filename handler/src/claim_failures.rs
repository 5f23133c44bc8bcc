//! The causes of failed claims. A task that gets no credential ends with an exit code that does not state the cause.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::message::MAX_WAIT;

/// The number of tasks whose causes are kept.
const MAX_TASKS: usize = 100;
/// The maximum length of a cause, in characters.
const MAX_LENGTH: usize = 400;

/// The last cause of the failed claims of each task.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ClaimFailures(BTreeMap<String, ClaimFailure>);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct ClaimFailure {
    cause: String,
    at: DateTime<Utc>,
}

impl ClaimFailures {
    /// Records why a claim of a task failed. Causes that are older than a day, or too many, are dropped.
    pub fn record(&mut self, task: &str, cause: &str, now: DateTime<Utc>) {
        let cause = cause.chars().filter(|c| !c.is_control()).take(MAX_LENGTH).collect();
        self.0.insert(task.to_owned(), ClaimFailure { cause, at: now });
        self.0.retain(|_, failure| now - failure.at < MAX_WAIT);
        while self.0.len() > MAX_TASKS {
            let oldest = self.0.iter().min_by_key(|(_, failure)| failure.at);
            let Some(oldest) = oldest.map(|(task, _)| task.clone()) else { return };
            self.0.remove(&oldest);
        }
    }

    /// Returns the last cause of the failed claims of a task, if one is known.
    pub fn cause(&self, task: &str) -> Option<&str> {
        self.0.get(task).map(|failure| failure.cause.as_str())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_last_cause_of_each_task_is_kept_for_a_day() {
        let at = |hours| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let mut failures = ClaimFailures::default();
        failures.record("gh-1", "503", at(0));
        failures.record("gh-1", "404\n", at(1));
        failures.record("gh-2", "403", at(2));
        assert_eq!(failures.cause("gh-1"), Some("404"));
        failures.record("gh-3", "500", at(25));
        let kept = ["gh-1", "gh-2", "gh-3"].map(|task| failures.cause(task).is_some());
        assert_eq!(kept, [false, true, true]);
        for task in 0..200 {
            failures.record(&format!("gh-9-{task}"), &"x".repeat(1000), at(26));
        }
        assert_eq!(failures.0.len(), MAX_TASKS);
        assert_eq!(failures.cause("gh-9-199").map(str::len), Some(MAX_LENGTH));
    }
}
