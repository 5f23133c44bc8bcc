//! Runs of ReconcileRunners and their log lines.

use std::collections::BTreeMap;
use std::time::Duration;

use emulator_core::events::EventKind;
use local_deployment::QUEUE;

use crate::{POLL_INTERVAL, TestEnvironment, WAIT_TIMEOUT};

/// The bearer token of an operator of the Batch account.
pub const OPERATOR_TOKEN: &str = "an-operator";
const FUNCTION: &str = "ReconcileRunners";
/// The process that runs reconciliation, at the start of its log lines.
const PROCESS: &str = "function:ReconcileRunners: ";
/// The modules that log the repairs and alerts of a run.
const MODULES: [&str; 2] = ["handler::functions::reconcile_runners", "handler::reconcile"];
/// The operations that change something; only reconciliation calls them while no job is in progress.
const CHANGES: [&str; 14] = [
    "PutMessage",
    "DeleteBlob",
    "AddTask",
    "TerminateTask",
    "DeleteTask",
    "DeleteSelfHostedRunner",
    "RedeliverWebhookDelivery",
    "CancelWorkflowRun",
    "RemoveNodes",
    "ResizePool",
    "EnablePoolAutoScale",
    "DisablePoolAutoScale",
    "DisableJob",
    "EnableJob",
];

impl TestEnvironment {
    /// Runs reconciliation, and returns the log lines of the run.
    ///
    /// # Panics
    /// The run fails, or it changes something and logs that there was nothing to repair.
    pub async fn reconcile(&mut self) -> String {
        self.until_events_are_processed().await;
        let before = self.changes();
        let logged = self.run_reconciliation().await;
        if logged == "nothing to repair" {
            assert_eq!(before, self.changes(), "the run changed something without a log line");
        }
        self.number_jobs(&logged)
    }

    /// Waits until all webhooks are delivered and their messages processed, because these also change something.
    async fn until_events_are_processed(&self) {
        let (github, queues) = (&self.deployment.github.emulator, &self.deployment.queues.emulator);
        // A postponed message is invisible and has never been dequeued.
        let has_messages =
            || queues.messages(QUEUE).iter().any(|one| one.visible || one.dequeue_count > 0);
        let processed = async {
            while github.has_pending_deliveries() || has_messages() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, processed).await.is_err() {
            self.fail_waiting("the processing of all events");
        }
    }

    /// Runs reconciliation once, whatever else is in progress, and returns the log lines of the run.
    ///
    /// # Panics
    /// The run fails.
    pub async fn run_reconciliation(&mut self) -> String {
        let earlier = self.run_lines().len();
        let triggered = self.deployment.functions.emulator.trigger(FUNCTION).await;
        if let Err(err) = triggered {
            self.fail_waiting(&format!("a successful run, but got {err}"));
        }
        let logged = async {
            while !self.run_lines()[earlier..].iter().any(|line| is_summary(line)) {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, logged).await.is_err() {
            self.fail_waiting("the summary of a run");
        }
        self.run_lines()[earlier..].join("\n")
    }

    /// Advances the clock by minutes.
    pub fn advance_minutes(&self, minutes: u64) {
        self.deployment.context.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// Runs reconciliation, advances the clock, and runs it again: some findings must persist for some minutes.
    pub async fn reconcile_after(&mut self, minutes: u64) -> String {
        self.reconcile().await;
        self.advance_minutes(minutes);
        self.reconcile().await
    }

    /// Waits for an alarm, and returns its text.
    ///
    /// # Panics
    /// The alarm is not raised in time.
    pub async fn alarm(&self, name: &str) -> String {
        let field = format!("alarm=\"{name}\"");
        let found = async {
            loop {
                let log = self.log();
                if let Some(line) = log.lines().find(|line| line.contains(&field)) {
                    return text_of(line).unwrap_or_default().to_owned();
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        match tokio::time::timeout(WAIT_TIMEOUT, found).await {
            Ok(text) => self.number_jobs(&text),
            Err(_) => self.fail_waiting(&format!("the alarm {name}")),
        }
    }

    /// Changes the Batch account as an operator.
    ///
    /// # Panics
    /// Batch rejects the request.
    pub async fn change_batch(&self, path: &str, body: serde_json::Value) {
        let url = format!("{}/{path}?api-version=2025-06-01", self.deployment.ports.batch.url);
        let request = self.client.post(url).bearer_auth(OPERATOR_TOKEN).body(body.to_string());
        let request = request.header("content-type", "application/json; odata=minimalmetadata");
        let response = request.send().await.expect("a response");
        let (status, text) = (response.status(), response.text().await.unwrap_or_default());
        assert!(status.is_success(), "{path}: {status} {text}");
    }

    /// Deletes a resource of the Batch account as an operator.
    ///
    /// # Panics
    /// Batch rejects the request.
    pub async fn delete_from_batch(&self, path: &str) {
        let url = format!("{}/{path}?api-version=2025-06-01", self.deployment.ports.batch.url);
        let response =
            self.client.delete(url).bearer_auth(OPERATOR_TOKEN).send().await.expect("a response");
        assert!(response.status().is_success(), "{path}: {}", response.status());
    }

    /// Waits until a task is added.
    pub async fn until_task_is_added(&mut self, task: &str) {
        let added = |event: &EventKind| matches!(event, EventKind::TaskAdded { task: added, .. } if added == task);
        self.until(&format!("the task {task}"), added).await;
    }

    /// Waits until there is no message, and every task has ended or its runner is idle.
    pub async fn until_quiescent(&self) {
        let quiescent = async {
            while self.messages().await > 0 || !self.is_quiescent() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, quiescent).await.is_err() {
            self.fail_waiting("a quiescent deployment");
        }
    }

    fn is_quiescent(&self) -> bool {
        let runners = self.deployment.github.emulator.runners();
        let is_idle = |task: &str| {
            runners.iter().any(|runner| runner.name == task && runner.online && !runner.busy)
        };
        let tasks = self.all_tasks();
        tasks.iter().all(|(_, task)| task.state == "completed" || is_idle(&task.id))
    }

    /// Waits until a condition is true.
    ///
    /// # Panics
    /// The condition does not become true in time.
    pub async fn until_true(&self, expected: &str, condition: impl Fn(&Self) -> bool) {
        let reached = async {
            while !condition(self) {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, reached).await.is_err() {
            self.fail_waiting(expected);
        }
    }

    /// Returns the number of calls per operation of storage, Batch and GitHub.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let deployment = &self.deployment;
        let all = [
            &deployment.queues.faults,
            &deployment.blobs.faults,
            &deployment.batch.faults,
            &deployment.github.faults,
        ];
        all.into_iter().flat_map(|faults| faults.calls()).collect()
    }

    /// Returns the info lines of all runs so far.
    fn run_lines(&self) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.contains(" INFO "));
        lines.filter_map(text_of).map(str::to_owned).collect()
    }

    fn changes(&self) -> BTreeMap<String, u64> {
        let deployment = &self.deployment;
        let all = [
            &deployment.queues.faults,
            &deployment.blobs.faults,
            &deployment.batch.faults,
            &deployment.github.faults,
        ];
        let calls = all.into_iter().flat_map(|faults| faults.calls());
        calls.filter(|(call, _)| CHANGES.iter().any(|change| call.contains(change))).collect()
    }
}

/// Returns the message of a log line of a run, without its fields.
fn text_of(line: &str) -> Option<&str> {
    const FIELDS: [&str; 4] = [" function=", " alarm=", " job.id=", " task.id="];
    let at = MODULES.iter().find_map(|module| line.strip_prefix(PROCESS)?.find(module))?;
    let (_, text) = line[PROCESS.len() + at..].split_once(": ")?;
    Some(FIELDS.iter().fold(text, |text, field| text.split(field).next().unwrap_or(text)))
}

fn is_summary(line: &str) -> bool {
    line == "nothing to repair"
        || line == "another run has written its state first; this run repairs nothing"
        || line.contains(" repairs done")
        || line.contains(" repair done")
}
