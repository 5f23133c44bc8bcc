//! `mayfly demo`: jobs in, runners out, nothing left.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use emulator_core::events::Event;
use github_emulator::NewJob;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::cli::Demo;
use crate::road;
use crate::{interrupted, print};
use local_deployment::Cloud;
use local_deployment::timeline::{Step, Timeline};

mod summary;

use summary::Summary;

/// What is left is looked at this often when nothing happens: the host deletes a message without an event.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the demo.
pub(crate) async fn run(options: Demo) -> anyhow::Result<ExitCode> {
    let cloud = road::start(&options.road).await?;
    let events = cloud.site.subscribe();
    let deployment = "gh".parse().map_err(anyhow::Error::msg).context("name the deployment")?;
    let timeline = Timeline::beginning(cloud.site.clock.now(), deployment);
    queue(&cloud, &options);
    let watch = Watch { options: &options, timeline, bar: bar(&options) };
    let summary = tokio::select! {
        summary = watch.until_over(&cloud, events) => summary,
        interrupted = interrupted() => {
            interrupted?;
            Summary::of(&cloud)
        }
    };
    watch.conclude(&summary);
    cloud.shutdown().await;
    Ok(if summary.is_clean(options.jobs) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Queues the jobs; every third asks for Windows.
fn queue(cloud: &Cloud, options: &Demo) {
    for number in 0..options.jobs {
        let system = if number % 3 == 2 { "windows-latest" } else { "ubuntu-latest" };
        let mut job = NewJob::new("octo/app", &["self-hosted", system]);
        job.runs_for = Duration::from_millis(options.job_milliseconds);
        cloud.github.emulator.queue_job(job);
    }
}

/// A bar on a terminal, below the lines; none for a program that reads JSON, or for a file.
fn bar(options: &Demo) -> ProgressBar {
    if options.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} jobs done, {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::from(options.jobs)).with_style(style)
}

struct Watch<'a> {
    options: &'a Demo,
    timeline: Timeline,
    bar: ProgressBar,
}

impl Watch<'_> {
    /// Shows each step until nothing is left to wait for, or the patience is over.
    async fn until_over(&self, cloud: &Cloud, mut events: Receiver<Event>) -> Summary {
        let deadline = Instant::now() + Duration::from_secs(self.options.give_up_after);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = async {
                tokio::select! {
                    event = events.recv() => Some(event),
                    _ = look.tick() => None,
                }
            };
            match timeout_at(deadline, next).await {
                Ok(Some(Ok(event))) => self.show(&event),
                Ok(Some(Err(RecvError::Lagged(_)))) => {}
                Ok(None) => {
                    let summary = Summary::of(cloud);
                    self.bar.set_position(summary.served);
                    if summary.is_over(self.options.jobs) {
                        self.drain(&mut events);
                        return summary;
                    }
                }
                Ok(Some(Err(RecvError::Closed))) | Err(_) => return Summary::of(cloud),
            }
        }
    }

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

    fn conclude(&self, summary: &Summary) {
        self.bar.finish_and_clear();
        if self.options.json { print(json(summary)) } else { print(summary) }
    }
}

/// Renders an object with its fields in the order of their declaration.
fn json(object: &impl serde::Serialize) -> String {
    serde_json::to_string(object).expect("plain fields always serialize")
}
