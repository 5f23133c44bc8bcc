//! The executor: launches tasks, stops them and reports their outcomes to the state.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;

use super::Batch;
use super::launch::{RunOutcome, Stop, StopRequest, TaskRun};
use super::state::{Effect, IdleTime, LaunchRequest, RunId, State};
use emulator_core::events::EventKind;

/// The current runs; dropping this ends them all.
#[derive(Default)]
struct Runs {
    stops: BTreeMap<RunId, watch::Sender<StopRequest>>,
    ends: FuturesUnordered<BoxFuture<'static, (RunId, RunOutcome)>>,
}

/// Marks the executor as running until this is dropped.
struct RunningGuard<'a>(&'a watch::Sender<bool>);

impl<'a> RunningGuard<'a> {
    fn new(running: &'a watch::Sender<bool>) -> Self {
        running.send_replace(true);
        Self(running)
    }
}

impl Drop for RunningGuard<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl Batch {
    /// Runs tasks until [`Batch::shutdown`] is called.
    ///
    /// The owner of the emulator polls this; dropping the future kills every process of a task
    /// immediately.
    pub async fn run(&self) {
        let _running = RunningGuard::new(&self.running);
        let mut runs = Runs::default();
        let mut closing = self.closing.subscribe();
        while !*closing.borrow_and_update() {
            let (effects, due, idle_time) = {
                let mut state = self.state();
                state.schedule(self.context.clock.now());
                (state.take_effects(), state.next_timer(), self.idle_time(&state))
            };
            for effect in effects {
                self.execute(effect, &mut runs);
            }
            let held = match idle_time.filter(|_| runs.ends.is_empty()) {
                Some(IdleTime::Skip(next)) => {
                    self.context.clock.advance_to(next);
                    // Other emulators that share the clock may have work at this time.
                    tokio::task::yield_now().await;
                    continue;
                }
                Some(IdleTime::Hold(time)) => Some(time.to_std().unwrap_or_default()),
                _ => None,
            };
            // In a fixed order, so that simulations are deterministic.
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                Some((run, ending)) = runs.ends.next() => self.finish_run(run, &ending, &mut runs),
                () = self.context.clock.sleep_until(due.unwrap_or_default()), if due.is_some() => {}
                () = tokio::time::sleep(held.unwrap_or_default()), if held.is_some() => {}
                _ = closing.changed() => {}
            }
        }
        self.stop_all(runs).await;
    }

    /// Decides what an auto-advancing clock does next.
    fn idle_time(&self, state: &State) -> Option<IdleTime> {
        self.context.clock.auto_advances().then(|| state.idle_time(self.unskipped_now()))
    }

    /// Stops [`Batch::run`]: terminates every task and waits for the processes.
    pub async fn shutdown(&self) {
        let mut running = self.running.subscribe();
        self.closing.send_replace(true);
        // The sender lives as long as `self`.
        let _ = running.wait_for(|running| !*running).await;
    }

    fn execute(&self, effect: Effect, runs: &mut Runs) {
        match effect {
            Effect::Start(start) => self.launch(*start, runs),
            Effect::StopRun(run, request) => {
                if let Some(stop) = runs.stops.get(&run) {
                    escalate(stop, request);
                }
            }
            Effect::RemoveDirectory(directory) => {
                // It fails if the launcher wrote no files.
                let _ = std::fs::remove_dir_all(self.options.work_dir.join(directory));
            }
            Effect::Emit(at, what) => self.context.emit_at(at, what),
        }
    }

    fn launch(&self, start: LaunchRequest, runs: &mut Runs) {
        let LaunchRequest {
            location,
            label,
            dedicated,
            mismatch,
            command_line,
            container,
            elevated,
            settings,
        } = start;
        let (run, is_task) = (location.run, !location.is_start_task());
        self.state().start_run_timer(run, self.context.clock.now());
        let description = TaskRun {
            account: self.options.account.clone(),
            pool: location.pool.clone(),
            node: location.node.clone(),
            dedicated,
            job: location.job.clone(),
            task: location.task.clone(),
            number: run.0,
            command_line,
            container,
            elevated,
            settings: settings.0,
            node_root: self.options.work_dir.join(location.node_root()),
            directory: self.options.work_dir.join(location.directory()),
        };
        if is_task {
            let (job, task) = (location.job, location.task);
            self.context.emit(EventKind::TaskStarted { job, task, node: label });
        }
        let (sender, stop) = Stop::new(self.options.grace);
        runs.stops.insert(run, sender);
        let ending = match mismatch {
            Some(ending) => async { ending }.boxed(),
            None => self.options.launcher.launch(description, stop),
        };
        runs.ends.push(Box::pin(async move { (run, ending.await) }));
    }

    fn finish_run(&self, run: RunId, ending: &RunOutcome, runs: &mut Runs) {
        runs.stops.remove(&run);
        let finished = {
            let mut state = self.state();
            state.record_file_use(self.unskipped_now());
            state.run_ended(run, ending, self.context.clock.now())
        };
        if let Some(finished) = finished.filter(|finished| finished.counts) {
            let (job, task, exit_code) = (finished.job, finished.task, ending.code());
            self.context.emit(EventKind::TaskEnded { job, task, exit_code });
        }
    }

    async fn stop_all(&self, mut runs: Runs) {
        for stop in runs.stops.values() {
            escalate(stop, StopRequest::Terminate);
        }
        while let Some((run, ending)) = runs.ends.next().await {
            self.finish_run(run, &ending, &mut runs);
        }
    }
}

/// Escalates a stop request; a run that is being killed is not terminated again.
fn escalate(stop: &watch::Sender<StopRequest>, request: StopRequest) {
    stop.send_if_modified(|current| {
        let escalates = request > *current;
        *current = request.max(*current);
        escalates
    });
}
