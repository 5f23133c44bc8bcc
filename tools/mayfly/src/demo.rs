//! `mayfly demo`: a local deployment that serves a number of jobs and then ends.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use emulator_core::events::Event;
use emulator_core::guard::Guard;
use github_emulator::NewJob;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::cli::Demo;
use crate::deployment::{self, Access};
use crate::summary::{Outcome, Summary};
use crate::{NOTHING_REMAINS, end_signals, print};
use local_deployment::timeline::{Step, Timeline};
use local_deployment::{AGENT_POOL, LocalDeployment, PROJECT};

/// The interval between checks of the summary: not every change has an event, such as the deletion of a message.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Runs the demo.
pub(crate) async fn run(options: Demo, guard: Guard) -> anyhow::Result<ExitCode> {
    let mut signals = end_signals()?;
    let access = match options.service.has_pipelines() {
        true => Access::random().with_organization(),
        false => Access::random(),
    };
    let deployment = tokio::select! {
        started = deployment::start(&options.local, access, guard) => started?,
        signal = signals.next() => bail!("start the demo: ended by {signal}"),
    };
    let events = deployment.context.subscribe();
    let name = "gh".parse().map_err(anyhow::Error::msg).context("name the deployment")?;
    let timeline = Timeline::new(deployment.context.clock.now(), name);
    tokio::select! {
        queued = queue_jobs(&deployment, &options) => queued?,
        signal = signals.next() => bail!("queue the jobs: ended by {signal}"),
    }
    let watch = Watch { options: &options, timeline, bar: bar(&options) };
    let outcome = tokio::select! {
        outcome = watch.run(&deployment, events) => outcome,
        signal = signals.next() => Outcome::Interrupted { signal },
    };
    let summary = Summary::of(&deployment).with(outcome);
    watch.show_summary(&summary);
    // The invocations in work may take 30 s; a second signal cuts them.
    tokio::select! {
        () = deployment.shutdown() => {}
        _ = signals.next() => {}
    }
    if !options.json && outcome != Outcome::Served {
        print(format_args!("{outcome}: {}", summary.jobs_served()));
        print(NOTHING_REMAINS);
    }
    Ok(if outcome == Outcome::Served { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Queues the jobs of each service, those of both in turn; every third of GitHub runs on Windows.
async fn queue_jobs(deployment: &LocalDeployment, options: &Demo) -> anyhow::Result<()> {
    if let Some(organization) = &deployment.organization {
        // Azure DevOps rejects a job whose pool has no agent with its demands, online or not.
        let triggered = deployment.functions.emulator.trigger("ReconcileRunners").await;
        triggered.map_err(|err| anyhow!("run ReconcileRunners: {err}"))?;
        organization.service.emulator.until(|known| known.agents().pop()).await;
    }
    for number in 0..options.jobs {
        if options.service.has_github() {
            let system = if number % 3 == 2 { "windows-latest" } else { "ubuntu-latest" };
            let mut job = NewJob::new("octo/app", &["self-hosted", system]);
            job.runs_for = Duration::from_millis(options.job_milliseconds);
            deployment.github.emulator.queue_job(job);
        }
        if let Some(organization) = &deployment.organization {
            let mut job = azure_pipelines_emulator::NewJob::new(PROJECT, AGENT_POOL);
            job.work.runs_for_ms = options.job_milliseconds;
            organization.service.emulator.queue_job(job);
        }
    }
    Ok(())
}

/// Returns the number of jobs of all services.
fn expected(options: &Demo) -> u32 {
    let services = [options.service.has_github(), options.service.has_pipelines()];
    options.jobs * services.map(u32::from).iter().sum::<u32>()
}

/// Returns a progress bar below the lines of a terminal; a hidden bar for JSON and if stderr is no terminal.
fn bar(options: &Demo) -> ProgressBar {
    if options.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} jobs done, {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::from(expected(options))).with_style(style)
}

/// The output of a running demo.
struct Watch<'a> {
    options: &'a Demo,
    timeline: Timeline,
    bar: ProgressBar,
}

impl Watch<'_> {
    /// Shows each step until the demo is over or the timeout is reached.
    async fn run(&self, deployment: &LocalDeployment, mut events: Receiver<Event>) -> Outcome {
        let deadline = Instant::now() + Duration::from_secs(self.options.timeout);
        let mut check = interval(CHECK_INTERVAL);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = async {
                tokio::select! {
                    event = events.recv() => Some(event),
                    _ = check.tick() => None,
                }
            };
            match timeout_at(deadline, next).await {
                Ok(Some(Ok(event))) => self.show(&event),
                Ok(Some(Err(RecvError::Lagged(_)))) => {}
                Ok(None) => {
                    let summary = Summary::of(deployment);
                    self.bar.set_position(summary.served);
                    if summary.is_over(expected(self.options)) {
                        self.drain(&mut events);
                        return summary.outcome_of(expected(self.options));
                    }
                }
                Ok(Some(Err(RecvError::Closed))) | Err(_) => {
                    return Outcome::TimedOut { seconds: self.options.timeout };
                }
            }
        }
    }

    /// Shows the steps that are already queued.
    fn drain(&self, events: &mut Receiver<Event>) {
        while let Ok(event) = events.try_recv() {
            self.show(&event);
        }
    }

    fn show(&self, event: &Event) {
        if let Some(step) = self.timeline.step(event) {
            self.bar.suspend(|| self.print(&step));
        }
    }

    fn print(&self, step: &Step) {
        if self.options.json {
            print(json(step));
        } else {
            print(step);
        }
    }

    fn show_summary(&self, summary: &Summary) {
        self.bar.finish_and_clear();
        if self.options.json { print(json(summary)) } else { print(summary) }
    }
}

/// Serializes an object, with its fields in the order of their declaration.
fn json(object: &impl serde::Serialize) -> String {
    serde_json::to_string(object).expect("plain fields always serialize")
}
