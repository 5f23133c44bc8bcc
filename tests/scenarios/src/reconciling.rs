//! Fires ReconcileRunners, and tells what it did.

use std::collections::BTreeMap;
use std::time::Duration;

use emulator_core::events::EventKind;
use local_deployment::QUEUE;

use crate::{LOOK, PATIENCE, World};

/// The token that Batch accepts of whoever is not the handler.
pub const BEARER: &str = "somebody-else";
const FUNCTION: &str = "ReconcileRunners";
/// Begins each line of a run, after time and level.
const MODULE: &str = "handler::functions::reconcile_runners";
/// What changes something, and is called by nobody else while the road is quiet.
const CHANGES: [&str; 8] = [
    "PutMessage",
    "DeleteBlob",
    "AddTask",
    "TerminateTask",
    "DeleteTask",
    "DeleteSelfHostedRunner",
    "RedeliverWebhookDelivery",
    "CancelWorkflowRun",
];

impl World {
    /// Fires the timer, and tells what the run said that it did, in a line each.
    ///
    /// # Panics
    /// When the run fails, or when it has changed something and says that nothing was to be repaired.
    pub async fn reconcile(&mut self) -> String {
        self.until_told().await;
        let before = self.changes();
        let said = self.fire().await;
        if said == "nothing to repair" {
            assert_eq!(before, self.changes(), "nothing was to be repaired");
        }
        self.by_place(&said)
    }

    /// Waits until GitHub has told all that it has to tell, and the handler has heard it: that changes things as well.
    async fn until_told(&self) {
        let (github, queues) = (&self.cloud.github.emulator, &self.cloud.queues.emulator);
        // What was put back for later was never taken.
        let on_the_road =
            || queues.messages(QUEUE).iter().any(|one| one.visible || one.dequeue_count > 0);
        let told = async {
            while github.is_telling() || on_the_road() {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, told).await.is_err() {
            self.give_up("all news to be heard");
        }
    }

    async fn fire(&mut self) -> String {
        let said = self.said().len();
        let fired = self.cloud.functions.emulator.trigger(FUNCTION).await;
        if let Err(err) = fired {
            self.give_up(&format!("a run without a failure, and had {err}"));
        }
        let told = async {
            while !self.said()[said..].iter().any(|line| is_summary(line)) {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, told).await.is_err() {
            self.give_up("a run to be told");
        }
        self.said()[said..].join("\n")
    }

    /// Lets time pass.
    pub fn pass(&self, minutes: u64) {
        self.cloud.site.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// Fires the timer, lets time pass, and fires it again: what must last for a while has lasted.
    pub async fn reconcile_after(&mut self, minutes: u64) -> String {
        self.reconcile().await;
        self.pass(minutes);
        self.reconcile().await
    }

    /// Waits until somebody is told of something, and tells the text of the alarm.
    ///
    /// # Panics
    /// When nobody is.
    pub async fn alarm(&self, name: &str) -> String {
        let field = format!("alarm=\"{name}\"");
        let found = async {
            loop {
                let log = self.log();
                if let Some(line) = log.lines().find(|line| line.contains(&field)) {
                    return text_of(line).unwrap_or_default().to_owned();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(text) => self.by_place(&text),
            Err(_) => self.give_up(&format!("the alarm {name}")),
        }
    }

    /// Does something to the Batch account, as somebody else might.
    ///
    /// # Panics
    /// When Batch refuses.
    pub async fn tamper(&self, path: &str, body: serde_json::Value) {
        let url = format!("{}/{path}?api-version=2025-06-01", self.cloud.ports.batch.url);
        let request = self.client.post(url).bearer_auth(BEARER).body(body.to_string());
        let request = request.header("content-type", "application/json; odata=minimalmetadata");
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        assert!(status.is_success(), "{path}: {status} {text}");
    }

    /// Deletes something of the Batch account, as somebody else might.
    ///
    /// # Panics
    /// When Batch refuses.
    pub async fn delete(&self, path: &str) {
        let url = format!("{}/{path}?api-version=2025-06-01", self.cloud.ports.batch.url);
        let answer = self.client.delete(url).bearer_auth(BEARER).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Waits until a task has been added.
    pub async fn until_task_is_added(&mut self, task: &str) {
        let added = |what: &EventKind| matches!(what, EventKind::TaskAdded { task: added, .. } if added == task);
        self.until(&format!("the task {task}"), added).await;
    }

    /// Waits until nothing goes on by itself: no message, and every task has ended, or its runner idles.
    pub async fn until_still(&self) {
        let still = async {
            while self.messages().await > 0 || !self.is_still() {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, still).await.is_err() {
            self.give_up("nothing to go on");
        }
    }

    fn is_still(&self) -> bool {
        let runners = self.cloud.github.emulator.runners();
        let idles = |task: &str| {
            runners.iter().any(|runner| runner.name == task && runner.online && !runner.busy)
        };
        let tasks = self.all_tasks();
        tasks.iter().all(|(_, task)| task.state == "completed" || idles(&task.id))
    }

    /// Waits until something is so.
    ///
    /// # Panics
    /// When it does not become so.
    pub async fn until_so(&self, story: &str, is_so: impl Fn(&Self) -> bool) {
        let so = async {
            while !is_so(self) {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, so).await.is_err() {
            self.give_up(story);
        }
    }

    /// Tells how often each operation was called that a run of reconciliation, or a served job, needs.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let cloud = &self.cloud;
        let all =
            [&cloud.queues.faults, &cloud.blobs.faults, &cloud.batch.faults, &cloud.github.faults];
        all.into_iter().flat_map(|faults| faults.calls()).collect()
    }

    /// The lines of all runs so far, without what only tells of trouble.
    fn said(&self) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.contains(" INFO "));
        lines.filter_map(text_of).map(str::to_owned).collect()
    }

    fn changes(&self) -> BTreeMap<String, u64> {
        let cloud = &self.cloud;
        let all =
            [&cloud.queues.faults, &cloud.blobs.faults, &cloud.batch.faults, &cloud.github.faults];
        let calls = all.into_iter().flat_map(|faults| faults.calls());
        calls.filter(|(call, _)| CHANGES.iter().any(|change| call.contains(change))).collect()
    }
}

fn text_of(line: &str) -> Option<&str> {
    let (_, text) = line.split_once(MODULE)?;
    let (_, text) = text.split_once(": ")?;
    Some(text.split(" function=").next().unwrap_or(text).split(" alarm=").next().unwrap_or(text))
}

fn is_summary(line: &str) -> bool {
    line == "nothing to repair"
        || line == "another run was quicker"
        || line.starts_with("repaired ")
}
