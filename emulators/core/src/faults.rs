//! What a control port may do with the next calls of an operation: fail, hold or lose them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What happens to a call in place of the usual answer.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Effect {
    /// The call is answered with this status, and nothing is done.
    Fail {
        /// The HTTP status, in the service's own error shape.
        status: u16,
        /// Seconds for the `Retry-After` header.
        retry_after: Option<u32>,
    },
    /// The call waits for a release, then is answered as usual.
    Hold,
    /// The call's work is done, but its answer waits for a release.
    DelayResponse,
    /// The call's work is done, but its answer is lost: the connection closes without one.
    DropResponse,
}

/// An effect on the next calls of one operation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fault {
    /// The operation's name, as the 501 answer and the counts spell it.
    pub operation: String,
    /// How many calls it befalls.
    #[serde(default = "once")]
    pub times: u32,
    /// What befalls them.
    #[serde(flatten)]
    pub effect: Effect,
}

fn once() -> u32 {
    1
}

/// The faults that wait for their call, and the calls counted so far.
#[derive(Debug, Default)]
pub struct Faults {
    waiting: Mutex<VecDeque<Fault>>,
    calls: Mutex<BTreeMap<String, u64>>,
    called: watch::Sender<()>,
    releases: watch::Sender<u64>,
}

impl Faults {
    /// Makes the next calls of an operation end with an effect; faults of one operation queue up.
    pub fn inject(&self, operation: &str, times: u32, effect: Effect) {
        self.add(Fault { operation: operation.to_owned(), times, effect });
    }

    /// Adds a fault as the control port receives it.
    pub fn add(&self, fault: Fault) {
        self.waiting().push_back(fault);
    }

    /// Drops the faults that have not met their call, and lets every held call go on.
    pub fn release(&self) {
        self.waiting().clear();
        self.releases.send_modify(|releases| *releases += 1);
    }

    /// Lists the faults that have not met all their calls.
    pub fn pending(&self) -> Vec<Fault> {
        self.waiting().iter().cloned().collect()
    }

    /// Tells how often each operation was called.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.counts().clone()
    }

    /// Tells how often one operation was called.
    pub fn calls_of(&self, operation: &str) -> u64 {
        self.counts().get(operation).copied().unwrap_or_default()
    }

    /// Waits until an operation was called this often, held calls included.
    pub async fn called(&self, operation: &str, times: u64) {
        let mut called = self.called.subscribe();
        while self.calls_of(operation) < times {
            // The sender lives as long as `self`.
            let _ = called.changed().await;
        }
    }

    /// Counts a call and takes what befalls it.
    pub(crate) fn next_effect(&self, operation: &str) -> Option<Effect> {
        *self.counts().entry(operation.to_owned()).or_default() += 1;
        self.called.send_replace(());
        let mut waiting = self.waiting();
        let place = waiting.iter().position(|fault| fault.operation == operation)?;
        let fault = &mut waiting[place];
        let effect = fault.effect;
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            waiting.remove(place);
        }
        Some(effect)
    }

    /// Waits for the next release.
    pub(crate) async fn released(&self) {
        let mut releases = self.releases.subscribe();
        // The sender lives as long as `self`.
        let _ = releases.changed().await;
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Fault>> {
        self.waiting.lock().expect("no holder of this lock can panic")
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.calls.lock().expect("no holder of this lock can panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_one_operation_befall_its_next_calls_in_order() {
        let faults = Faults::default();
        faults.inject("AddTask", 2, Effect::DropResponse);
        faults.inject("AddTask", 1, Effect::Hold);
        let met = ["AddTask", "GetTask", "AddTask", "AddTask", "AddTask"]
            .map(|op| faults.next_effect(op));
        assert_eq!(
            met,
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
