//! Waits for events, log lines and states of a test environment.

use emulator_core::events::EventKind;
use emulator_core::faults::Faults;

use crate::{POLL_INTERVAL, TestEnvironment, WAIT_TIMEOUT};

impl TestEnvironment {
    /// Waits for an event; events since the last wait count.
    ///
    /// # Panics
    /// The event does not happen in time.
    pub async fn until(&mut self, expected: &str, mut is_expected: impl FnMut(&EventKind) -> bool) {
        loop {
            match tokio::time::timeout(WAIT_TIMEOUT, self.events.recv()).await {
                Ok(Ok(event)) => {
                    self.seen.push(event.kind.clone());
                    if is_expected(&event.kind) {
                        return;
                    }
                }
                _ => self.fail_waiting(expected),
            }
        }
    }

    /// Waits until an operation was called a number of times.
    ///
    /// # Panics
    /// The calls do not happen in time.
    pub async fn until_called(&self, faults: &Faults, operation: &str, times: u64) {
        let called = faults.called(operation, times);
        if tokio::time::timeout(WAIT_TIMEOUT, called).await.is_err() {
            self.fail_waiting(&format!("call {times} of {operation}"));
        }
    }

    /// Waits until a job starts on a runner.
    pub async fn until_job_starts(&mut self, job: u64) {
        let started = |event: &EventKind| matches!(event, EventKind::JobStarted { job: started, .. } if *started == job);
        self.until(&format!("the start of job {job}"), started).await;
    }

    /// Waits until a runner comes online.
    pub async fn until_runner_is_online(&mut self) {
        let online = |event: &EventKind| matches!(event, EventKind::RunnerOnline { .. });
        self.until("an online runner", online).await;
    }

    /// Waits until a delivery of a queued job gets a response with this status.
    pub async fn until_delivered(&mut self, status: u16) {
        let delivered = |event: &EventKind| matches!(event, EventKind::Delivered { action: "queued", status: actual, .. } if *actual == status);
        self.until(&format!("a delivery with status {status}"), delivered).await;
    }

    /// Waits until a task ends.
    pub async fn until_task_ends(&mut self, task: &str) {
        let ended = |event: &EventKind| matches!(event, EventKind::TaskEnded { task: ended, .. } if ended == task);
        self.until(&format!("the end of {task}"), ended).await;
    }

    /// Waits until a function is invoked again.
    pub async fn until_invoked(&mut self, name: &str) {
        let invoked = |event: &EventKind| matches!(event, EventKind::Invoked { function, .. } if function == name);
        self.until(&format!("an invocation of {name}"), invoked).await;
    }

    /// Waits until the handler has logged a text a number of times.
    ///
    /// # Panics
    /// The text is not logged in time.
    pub async fn until_logged_times(&self, text: &str, times: usize) {
        let logged = async {
            while self.log().matches(text).count() < times {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, logged).await.is_err() {
            self.fail_waiting(&format!("a line with {text:?}"));
        }
    }

    /// Waits until the handler has logged a text.
    ///
    /// # Panics
    /// The text is not logged in time.
    pub async fn until_logged(&self, text: &str) {
        self.until_logged_times(text, 1).await;
    }

    /// Waits until all jobs are completed and no message, live task or registration remains.
    ///
    /// # Panics
    /// This state is not reached in time.
    pub async fn settle(&mut self) {
        let settled = async {
            while !self.is_idle().await {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, settled).await.is_err() {
            while let Ok(event) = self.events.try_recv() {
                self.seen.push(event.kind);
            }
            self.fail_waiting("an idle deployment");
        }
    }

    /// Checks the messages between two checks of the tasks: a message is deleted after its task is added.
    async fn is_idle(&self) -> bool {
        self.is_quiet() && self.messages().await == 0 && self.is_quiet()
    }

    fn is_quiet(&self) -> bool {
        let github = &self.deployment.github.emulator;
        github.jobs().iter().all(|job| job.conclusion.is_some())
            && github.runners().is_empty()
            && self.all_tasks().iter().all(|(_, task)| task.state == "completed")
    }

    pub(crate) fn fail_waiting(&self, expected: &str) -> ! {
        let (seen, tasks, log) = (&self.seen, self.tasks(), self.log());
        panic!("timed out waiting for {expected}\nevents: {seen:#?}\ntasks:\n{tasks}\nlog:\n{log}");
    }
}
