//! The steps of each job, from the emulators' events: one line per step.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use emulator_core::events::{Event, EventKind};
use handler::message::{Message, RunnerRequest};
use handler::task::DeploymentName;
use serde::Serialize;
use serde_json::Value;

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The kind of the step.
    pub event: StepKind,
    /// The job. For steps of a runner: the job for which the runner was requested.
    pub job: u64,
    /// Seconds since the start of the timeline.
    pub at: f64,
    /// The node, runner, task or status of the step.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The kinds of steps, in the order of the request flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// GitHub delivered the webhook.
    Delivered,
    /// The request was added to the queue.
    Queued,
    /// The task was added to Batch.
    Submitted,
    /// A node started the task.
    Node,
    /// The runner was registered.
    Claimed,
    /// The runner is online and waits for a job.
    Online,
    /// The job started, on a runner that may have been requested for another job.
    JobStarted,
    /// The job ended.
    JobDone,
    /// The runner's task ended.
    RunnerGone,
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Delivered => "delivered",
            Self::Queued => "queued",
            Self::Submitted => "submitted",
            Self::Node => "node",
            Self::Claimed => "claimed",
            Self::Online => "online",
            Self::JobStarted => "job started",
            Self::JobDone => "job done",
            Self::RunnerGone => "runner gone",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, job, at, detail } = self;
        write!(f, "{at:8.3} s  job {job:<8} {event:<12} {detail}")
    }
}

/// A converter of events to steps.
#[derive(Clone, Debug)]
pub struct Timeline {
    start: DateTime<Utc>,
    deployment: DeploymentName,
}

impl Timeline {
    /// Returns a timeline of a deployment, from a start time.
    pub fn new(start: DateTime<Utc>, deployment: DeploymentName) -> Self {
        Self { start, deployment }
    }

    /// Converts an event to a step; returns `None` if the event is not a step of this deployment.
    pub fn step(&self, event: &Event) -> Option<Step> {
        let (kind, job, detail) = self.convert(&event.kind)?;
        let at = (event.at - self.start).as_seconds_f64();
        // Milliseconds are precise enough to compare steps.
        Some(Step { event: kind, job, at: (at * 1000.0).round() / 1000.0, detail })
    }

    fn convert(&self, event: &EventKind) -> Option<(StepKind, u64, String)> {
        let requested_for = |name: &str| self.deployment.parse_task(name).map(|id| id.job);
        Some(match event {
            EventKind::Delivered { job, action: "queued", status, body } => {
                (StepKind::Delivered, *job, format!("answered {status}{}", reason(body)))
            }
            EventKind::MessagePut { queue, text } if queue == "runner-requests" => {
                let request = read_request(text)?;
                (
                    StepKind::Queued,
                    request.job,
                    format!("{} for {}", request.profile, request.repository),
                )
            }
            EventKind::TaskAdded { job, task } => {
                (StepKind::Submitted, requested_for(task)?, format!("{task} in {job}"))
            }
            EventKind::TaskStarted { task, node, .. } => {
                (StepKind::Node, requested_for(task)?, format!("{task} on {node}"))
            }
            EventKind::RunnerRegistered { runner } => {
                (StepKind::Claimed, requested_for(runner)?, runner.clone())
            }
            EventKind::RunnerOnline { runner } => {
                (StepKind::Online, requested_for(runner)?, runner.clone())
            }
            EventKind::JobStarted { job, runner } => {
                (StepKind::JobStarted, *job, format!("on {runner}"))
            }
            EventKind::JobDone { job, conclusion } => {
                (StepKind::JobDone, *job, (*conclusion).to_owned())
            }
            EventKind::TaskEnded { task, exit_code, .. } => (
                StepKind::RunnerGone,
                requested_for(task)?,
                format!("{task} ended with {exit_code}"),
            ),
            EventKind::Delivered { .. }
            | EventKind::MessagePut { .. }
            | EventKind::Invoked { .. }
            | EventKind::RunnerGone { .. }
            | EventKind::Pipelines(_) => return None,
        })
    }
}

/// Returns why a delivery was ignored or rejected, from the body of its response.
fn reason(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let reason = body["reason"].as_str().or(body["error"].as_str());
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

fn read_request(text: &str) -> Option<RunnerRequest> {
    let json = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    match Message::decode(&json) {
        Ok(Message::Request(request)) => Some(request),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_step_is_one_line_and_one_object() {
        let timeline = Timeline::new(DateTime::UNIX_EPOCH, "gh".parse().expect("a name"));
        let kind =
            EventKind::TaskAdded { job: "runners-ubuntu".to_owned(), task: "gh-7-2".to_owned() };
        let at = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(1234);
        let step = timeline.step(&Event { at, kind }).expect("a step");
        assert_eq!(
            step.to_string(),
            "   1.234 s  job 7        submitted    gh-7-2 in runners-ubuntu"
        );
        let json = serde_json::to_string(&step).expect("plain fields");
        assert_eq!(
            json,
            r#"{"event":"submitted","job":7,"at":1.234,"detail":"gh-7-2 in runners-ubuntu"}"#
        );
    }

    #[test]
    fn an_event_of_another_deployment_is_no_step() {
        let timeline = Timeline::new(DateTime::UNIX_EPOCH, "gh".parse().expect("a name"));
        let kind = EventKind::TaskAdded { job: "j".to_owned(), task: "another-task".to_owned() };
        assert_eq!(timeline.step(&Event { at: DateTime::UNIX_EPOCH, kind }), None);
    }
}
