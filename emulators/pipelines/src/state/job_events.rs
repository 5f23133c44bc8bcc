//! Events of jobs: which subscription gets which.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::State;
use super::timers::Timer;
use crate::dto;
use crate::model::request::{JobState, TaskResult};
use crate::model::subscription::{DeliveryFault, Notification, Subscription, SubscriptionStatus};

impl State {
    /// Notifies subscriptions of the state of a job.
    pub(crate) fn notify(&mut self, request: u64, state: JobState, now: DateTime<Utc>) {
        let result = self.requests.get(&request).and_then(|request| request.result);
        self.notify_with(request, (state, result.map(hook_result)), now);
    }

    /// Notifies subscriptions of a job that no agent could serve.
    pub(crate) fn notify_rejected(&mut self, request: u64, now: DateTime<Utc>) {
        self.notify_with(request, (JobState::Completed, Some("rejected")), now);
    }

    fn notify_with(
        &mut self,
        request: u64,
        (state, result): (JobState, Option<&'static str>),
        now: DateTime<Utc>,
    ) {
        let Some(known) = self.requests.get(&request) else { return };
        let Some(run) = self.runs.get(&known.run) else { return };
        let (job_name, pipeline, project) =
            (known.job_name.clone(), run.pipeline.0.to_string(), run.project.id.clone());
        let wants = |subscription: &&Subscription| {
            let input = |name: &str| subscription.publisher_inputs.get(name).map(String::as_str);
            let admits = |name: &str, actual: &str| {
                input(name)
                    .is_none_or(|wanted| wanted.is_empty() || wanted.eq_ignore_ascii_case(actual))
            };
            let is_enabled = subscription.status == SubscriptionStatus::Enabled;
            is_enabled
                && subscription.project == project
                && admits("pipelineId", &pipeline)
                && admits("jobNameId", &job_name)
                && admits("stageNameId", "__default")
                && admits("jobStateId", filter_name(state))
                && (input("jobResultId").is_none_or(str::is_empty)
                    || result.is_some_and(|result| admits("jobResultId", result)))
        };
        let wanting: Vec<String> =
            self.subscriptions.values().filter(wants).map(|known| known.id.clone()).collect();
        for subscription in wanting {
            self.create_notification(subscription, request, (state, result), now);
        }
    }

    fn create_notification(
        &mut self,
        subscription: String,
        request: u64,
        (state, result): (JobState, Option<&'static str>),
        now: DateTime<Utc>,
    ) {
        self.ids.notification += 1;
        let (id, event_id) = (self.ids.notification, self.guid());
        let event =
            dto::hook::Event { id: &event_id, notification: id, request, state, result, now };
        let payload = dto::hook::payload(self, &subscription, &event);
        let Some(known) = self.requests.get(&request) else { return };
        let notification = Notification {
            id,
            subscription,
            event_id,
            run: known.run,
            job: known.job_id.clone(),
            state,
            payload: Bytes::from(payload.to_string()),
            created: now,
            modified: now,
            statuses: Vec::new(),
            transient_failures: 0,
            is_done: false,
        };
        self.notifications.insert(id, notification);
        self.send_first(id, now);
    }

    /// Sends a notification for the first time, with the effect of the next fault.
    fn send_first(&mut self, id: u64, now: DateTime<Utc>) {
        match self.delivery_faults.pop_front() {
            None => self.outbox.push(id),
            Some(DeliveryFault::Doubled) => self.outbox.extend([id, id]),
            Some(DeliveryFault::Delayed { seconds }) => {
                let at = now + TimeDelta::seconds(seconds.into());
                self.add_timer(at, Timer::Notification { id });
            }
            Some(DeliveryFault::Lost) => {
                self.notifications.entry(id).and_modify(|lost| lost.is_done = true);
            }
        }
    }
}

/// Returns the name of a state in the filter `jobStateId`.
fn filter_name(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "Waiting",
        JobState::InProgress => "Running",
        JobState::Completed => "Completed",
    }
}

/// Returns the result of a job in a payload. That `abandoned` is reported as `failed` is inferred.
fn hook_result(result: TaskResult) -> &'static str {
    match result {
        TaskResult::Succeeded | TaskResult::SucceededWithIssues => "succeeded",
        TaskResult::Failed | TaskResult::Abandoned => "failed",
        TaskResult::Canceled => "canceled",
        TaskResult::Skipped => "skipped",
    }
}
