//! Turns what the emulators saw into the steps of the road, one line a step and job.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use emulator_core::events::{Event, EventKind};
use handler::message::{Message, RunnerRequest};
use handler::task::DeploymentName;
use serde::Serialize;

/// One step of one job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What happened.
    pub event: Kind,
    /// The job: for a runner's steps, the job that the runner was made for.
    pub job: u64,
    /// Seconds since the beginning.
    pub at: f64,
    /// Where or by whom.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The steps of the road, in their order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// GitHub delivered the webhook.
    Delivered,
    /// The request lies on the queue.
    Queued,
    /// The task was added to Batch.
    Submitted,
    /// A node started the task.
    Node,
    /// The runner got its credential.
    Claimed,
    /// The runner waits for a job.
    Online,
    /// The job started, on a runner of ours that may have been made for another.
    JobStarted,
    /// The job ended.
    JobDone,
    /// The runner's container ended.
    RunnerGone,
}

impl fmt::Display for Kind {
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

/// Reads happenings as steps.
#[derive(Clone, Debug)]
pub struct Timeline {
    began: DateTime<Utc>,
    deployment: DeploymentName,
}

impl Timeline {
    /// Begins a timeline.
    pub fn beginning(began: DateTime<Utc>, deployment: DeploymentName) -> Self {
        Self { began, deployment }
    }

    /// Reads a happening as a step, where it is one.
    pub fn step(&self, event: &Event) -> Option<Step> {
        let (kind, job, detail) = self.read(&event.kind)?;
        let at = (event.at - self.began).as_seconds_f64();
        // Milliseconds are what a reader can compare.
        Some(Step { event: kind, job, at: (at * 1000.0).round() / 1000.0, detail })
    }

    fn read(&self, what: &EventKind) -> Option<(Kind, u64, String)> {
        let made_for = |name: &str| self.deployment.read(name).map(|id| id.job);
        Some(match what {
            EventKind::Delivered { job, action: "queued", status } => {
                (Kind::Delivered, *job, format!("answered {status}"))
            }
            EventKind::MessagePut { queue, text } if queue == "runner-requests" => {
                let request = read_request(text)?;
                (
                    Kind::Queued,
                    request.job,
                    format!("{} for {}", request.profile, request.repository),
                )
            }
            EventKind::TaskAdded { job, task } => {
                (Kind::Submitted, made_for(task)?, format!("{task} in {job}"))
            }
            EventKind::TaskStarted { task, node, .. } => {
                (Kind::Node, made_for(task)?, format!("{task} on {node}"))
            }
            EventKind::RunnerRegistered { runner } => {
                (Kind::Claimed, made_for(runner)?, runner.clone())
            }
            EventKind::RunnerOnline { runner } => (Kind::Online, made_for(runner)?, runner.clone()),
            EventKind::JobStarted { job, runner } => {
                (Kind::JobStarted, *job, format!("on {runner}"))
            }
            EventKind::JobDone { job, conclusion } => {
                (Kind::JobDone, *job, (*conclusion).to_owned())
            }
            EventKind::TaskEnded { task, exit_code, .. } => {
                (Kind::RunnerGone, made_for(task)?, format!("{task} ended with {exit_code}"))
            }
            EventKind::Delivered { .. }
            | EventKind::MessagePut { .. }
            | EventKind::Invoked { .. }
            | EventKind::RunnerGone { .. } => return None,
        })
    }
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
        let timeline = Timeline::beginning(DateTime::UNIX_EPOCH, "gh".parse().expect("a name"));
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
    fn what_is_not_a_step_of_ours_is_left_out() {
        let timeline = Timeline::beginning(DateTime::UNIX_EPOCH, "gh".parse().expect("a name"));
        let kind = EventKind::TaskAdded { job: "j".to_owned(), task: "somebody-elses".to_owned() };
        assert_eq!(timeline.step(&Event { at: DateTime::UNIX_EPOCH, kind }), None);
    }
}
