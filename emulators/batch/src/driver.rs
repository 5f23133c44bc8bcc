//! Carries out what the state orders: launches tasks, stops them, tells how they ended.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;

use super::Batch;
use super::launch::{Ask, Ending, Stop, TaskRun};
use super::state::{Order, RunId, Start};
use emulator_core::events::EventKind;

/// The runs there are; dropping it ends them all.
#[derive(Default)]
struct Runs {
    stops: BTreeMap<RunId, watch::Sender<Ask>>,
    ends: FuturesUnordered<BoxFuture<'static, (RunId, Ending)>>,
}

/// Tells that tasks are run, until it is dropped.
struct Running<'a>(&'a watch::Sender<bool>);

impl<'a> Running<'a> {
    fn over(running: &'a watch::Sender<bool>) -> Self {
        running.send_replace(true);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl Batch {
    /// Runs the tasks, until [`Batch::shutdown`] is called.
    ///
    /// Whoever owns the emulator polls this; dropping it kills every process of a task at once.
    pub async fn run(&self) {
        let _running = Running::over(&self.running);
        let mut runs = Runs::default();
        let mut closing = self.closing.subscribe();
        while !*closing.borrow_and_update() {
            let (orders, due, wanted) = {
                let mut state = self.state();
                state.schedule(self.site.clock.now());
                (state.orders(), state.next_deadline(), state.next_wanted())
            };
            for order in orders {
                self.carry_out(order, &mut runs);
            }
            if let Some(next) =
                wanted.filter(|_| self.site.clock.auto_advances() && runs.ends.is_empty())
            {
                self.site.clock.advance_to(next);
                // Whoever shares the clock may have something to do at this moment.
                tokio::task::yield_now().await;
                continue;
            }
            // In a fixed order, so that a simulation repeats itself.
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                Some((run, ending)) = runs.ends.next() => self.conclude(run, &ending, &mut runs),
                () = self.site.clock.sleep_until(due.unwrap_or_default()), if due.is_some() => {}
                _ = closing.changed() => {}
            }
        }
        self.wind_up(runs).await;
    }

    /// Ends [`Batch::run`]: asks every task to end, and waits for their processes.
    pub async fn shutdown(&self) {
        let mut running = self.running.subscribe();
        self.closing.send_replace(true);
        // The sender lives as long as `self`.
        let _ = running.wait_for(|running| !*running).await;
    }

    fn carry_out(&self, order: Order, runs: &mut Runs) {
        match order {
            Order::Start(start) => self.launch(*start, runs),
            Order::Stop(run, ask) => {
                if let Some(stop) = runs.stops.get(&run) {
                    raise(stop, ask);
                }
            }
            Order::Forget(directory) => {
                // It fails where the launcher kept no files.
                let _ = std::fs::remove_dir_all(self.options.work_dir.join(directory));
            }
            Order::Tell(at, what) => self.site.emit_at(at, what),
        }
    }

    fn launch(&self, start: Start, runs: &mut Runs) {
        let Start { place, label, dedicated, misfit, command_line, container, elevated, settings } =
            start;
        let (run, is_task) = (place.run, !place.is_start_task());
        self.state().limit_run(run, self.site.clock.now());
        let description = TaskRun {
            account: self.options.account.clone(),
            pool: place.pool.clone(),
            node: place.node.clone(),
            dedicated,
            job: place.job.clone(),
            task: place.task.clone(),
            number: run.0,
            command_line,
            container,
            elevated,
            settings: settings.0,
            node_root: self.options.work_dir.join(place.node_root()),
            directory: self.options.work_dir.join(place.directory()),
        };
        if is_task {
            let (job, task) = (place.job, place.task);
            self.site.emit(EventKind::TaskStarted { job, task, node: label });
        }
        let (sender, stop) = Stop::new(self.options.grace);
        runs.stops.insert(run, sender);
        let ending = match misfit {
            Some(ending) => async { ending }.boxed(),
            None => self.options.launcher.launch(description, stop),
        };
        runs.ends.push(Box::pin(async move { (run, ending.await) }));
    }

    fn conclude(&self, run: RunId, ending: &Ending, runs: &mut Runs) {
        runs.stops.remove(&run);
        let finished = self.state().ended(run, ending, self.site.clock.now());
        if let Some(finished) = finished.filter(|finished| finished.counts) {
            let (job, task, exit_code) = (finished.job, finished.task, ending.code());
            self.site.emit(EventKind::TaskEnded { job, task, exit_code });
        }
    }

    async fn wind_up(&self, mut runs: Runs) {
        for stop in runs.stops.values() {
            raise(stop, Ask::End);
        }
        while let Some((run, ending)) = runs.ends.next().await {
            self.conclude(run, &ending, &mut runs);
        }
    }
}

/// Asks for more than was asked for so far; a run that is being killed is not asked to end.
fn raise(stop: &watch::Sender<Ask>, ask: Ask) {
    stop.send_if_modified(|asked| {
        let more = ask > *asked;
        *asked = ask.max(*asked);
        more
    });
}
