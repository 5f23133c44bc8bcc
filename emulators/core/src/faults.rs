//! Fault injection: the next calls of an operation fail, wait, or lose their response.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The effect of a fault on a call.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Effect {
    /// The call fails with this status; the operation is not executed.
    Fail {
        /// The HTTP status; the body has the service's own error format.
        status: u16,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u32>,
    },
    /// The call fails with a secondary rate limit, as GitHub does; the operation is not executed.
    Secondary {
        /// The form of the response.
        #[serde(default)]
        form: SecondaryLimit,
        /// The `Retry-After` header, in seconds, in place of the form's own.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// The call waits for a release before it is executed.
    Hold,
    /// The call is executed, but its response waits for a release.
    DelayResponse,
    /// The call is executed, but its response is lost: the connection closes without one.
    DropResponse,
}

/// The form of a secondary rate limit's response.
///
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondaryLimit {
    /// 403 with `Retry-After: 60`.
    #[default]
    Current,
    /// 403 without `Retry-After`.
    NoRetryAfter,
    /// 429 with `Retry-After: 60`.
    TooManyRequests,
    /// 429 without `Retry-After`.
    TooManyRequestsNoRetryAfter,
    /// 403 for the creation of content, without `Retry-After`.
    ContentCreation,
    /// 403 with the text of older Enterprise Servers ("abuse detection mechanism"), without `Retry-After`.
    Abuse,
}

impl SecondaryLimit {
    /// All forms.
    pub const ALL: [Self; 6] = [
        Self::Current,
        Self::NoRetryAfter,
        Self::TooManyRequests,
        Self::TooManyRequestsNoRetryAfter,
        Self::ContentCreation,
        Self::Abuse,
    ];
}

/// An effect on the next calls of one operation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fault {
    /// The operation's name, as in the call counts.
    pub operation: String,
    /// The number of calls it affects.
    #[serde(default = "once")]
    pub times: u32,
    /// Its effect on them.
    #[serde(flatten)]
    pub effect: Effect,
}

fn once() -> u32 {
    1
}

/// The pending faults, and the number of calls so far.
#[derive(Debug, Default)]
pub struct Faults {
    pending: Mutex<VecDeque<Fault>>,
    calls: Mutex<BTreeMap<String, u64>>,
    called: watch::Sender<()>,
    releases: watch::Sender<u64>,
}

impl Faults {
    /// Injects a fault into the next calls of an operation; faults of one operation apply in order.
    pub fn inject(&self, operation: &str, times: u32, effect: Effect) {
        self.add(Fault { operation: operation.to_owned(), times, effect });
    }

    /// Adds a fault received by the control port.
    pub fn add(&self, fault: Fault) {
        self.lock_pending().push_back(fault);
    }

    /// Removes all pending faults and releases every held call.
    pub fn release(&self) {
        self.lock_pending().clear();
        self.releases.send_modify(|releases| *releases += 1);
    }

    /// Returns the faults that have not affected all their calls yet.
    pub fn pending(&self) -> Vec<Fault> {
        self.lock_pending().iter().cloned().collect()
    }

    /// Returns the number of calls of each operation.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.counts().clone()
    }

    /// Returns the number of calls of one operation.
    pub fn calls_of(&self, operation: &str) -> u64 {
        self.counts().get(operation).copied().unwrap_or_default()
    }

    /// Waits until the number of calls of an operation, held calls included, reaches `times`.
    pub async fn called(&self, operation: &str, times: u64) {
        let mut called = self.called.subscribe();
        while self.calls_of(operation) < times {
            // The sender lives as long as `self`.
            let _ = called.changed().await;
        }
    }

    /// Counts a call and returns the effect of its fault, if any.
    pub(crate) fn next_effect(&self, operation: &str) -> Option<Effect> {
        *self.counts().entry(operation.to_owned()).or_default() += 1;
        self.called.send_replace(());
        let mut pending = self.lock_pending();
        let index = pending.iter().position(|fault| fault.operation == operation)?;
        let fault = &mut pending[index];
        let effect = fault.effect;
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            pending.remove(index);
        }
        Some(effect)
    }

    /// Waits for the next release.
    pub(crate) async fn released(&self) {
        let mut releases = self.releases.subscribe();
        // The sender lives as long as `self`.
        let _ = releases.changed().await;
    }

    fn lock_pending(&self) -> std::sync::MutexGuard<'_, VecDeque<Fault>> {
        self.pending.lock().expect("no holder of this lock can panic")
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.calls.lock().expect("no holder of this lock can panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_one_operation_apply_to_its_next_calls_in_order() {
        let faults = Faults::default();
        faults.inject("AddTask", 2, Effect::DropResponse);
        faults.inject("AddTask", 1, Effect::Hold);
        let effects = ["AddTask", "GetTask", "AddTask", "AddTask", "AddTask"]
            .map(|op| faults.next_effect(op));
        assert_eq!(
            effects,
            [
                Some(Effect::DropResponse),
                None,
                Some(Effect::DropResponse),
                Some(Effect::Hold),
                None
            ]
        );
        assert_eq!(faults.calls_of("AddTask"), 4);
    }

    #[test]
    fn a_fault_reads_as_flat_json() {
        let text = r#"{"operation":"AddTask","kind":"fail","status":503,"retry_after":5}"#;
        let fault: Fault = serde_json::from_str(text).expect("the documented form");
        assert_eq!(fault.times, 1);
        assert_eq!(fault.effect, Effect::Fail { status: 503, retry_after: Some(5) });
    }
}
