//! Fake tasks: a test decides when they end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};

/// A launcher of fake tasks. It holds the senders of their exit codes, by task id.
#[derive(Clone, Default)]
pub(super) struct FakeTasks {
    running: Arc<Mutex<BTreeMap<String, watch::Sender<Option<i32>>>>>,
}

impl FakeTasks {
    /// Ends a task with an exit code.
    pub(super) fn end(&self, task: &str, exit_code: i32) {
        let ending = self.running.lock().unwrap().remove(task).expect("the task runs");
        ending.send_replace(Some(exit_code));
    }

    /// Lists the running tasks.
    pub(super) fn running(&self) -> Vec<String> {
        self.running.lock().unwrap().keys().cloned().collect()
    }
}

impl Launcher for FakeTasks {
    fn launch(&self, run: TaskRun, mut stop: Stop) -> BoxFuture<'static, RunOutcome> {
        let (sender, mut exit_code) = watch::channel(None);
        let running = Arc::clone(&self.running);
        running.lock().unwrap().insert(run.task.clone(), sender);
        async move {
            tokio::select! {
                code = exit_code.wait_for(Option::is_some) => RunOutcome::Exited(code.unwrap().unwrap()),
                request = stop.requested(StopRequest::Terminate) => {
                    running.lock().unwrap().remove(&run.task);
                    RunOutcome::Exited(if request == StopRequest::Kill { -9 } else { -15 })
                }
            }
        }
        .boxed()
    }
}

/// A launcher whose tasks succeed immediately.
#[derive(Clone, Copy)]
pub(super) struct ImmediateSuccess;

impl Launcher for ImmediateSuccess {
    fn launch(&self, _run: TaskRun, _stop: Stop) -> BoxFuture<'static, RunOutcome> {
        async { RunOutcome::Exited(0) }.boxed()
    }
}
