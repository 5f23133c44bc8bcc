//! The loop over messages, beside the job that runs.

use std::time::Duration;

use tokio::sync::watch;

use super::dispatcher::{Ended, Job};
use super::{Agent, Outcome, ServedJob, stop_requested};
use crate::messages::{Envelope, Message};
use crate::notifications::Notifications;
use crate::return_code::ReturnCode;
use crate::service_error::ServiceError;

/// The delay after an empty answer; the real agent takes 5 to 15 seconds.
const EMPTY_DELAY: Duration = Duration::from_secs(10);
/// The delay after a failed poll; the real agent takes 15 to 60 seconds.
const RETRY_DELAY: Duration = Duration::from_secs(15);
/// The interval of the second poll, whose answers are discarded.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// What ends the wait for the next event of the loop.
enum Event {
    Stopped,
    Died,
    Job(Ended),
    Updated,
    Polled(Result<Option<Envelope>, ServiceError>),
}

/// What a run has so far.
struct Run {
    session: String,
    last: Option<u64>,
    job: Option<ServedJob>,
    /// The version to which the agent must be updated.
    update: Option<String>,
}

impl Agent {
    pub(super) async fn listen(&self, mut stop: watch::Receiver<bool>) -> Outcome {
        let address = self.configuration.settings.notification_address.as_deref();
        let mut notifications = Notifications::connect(address).await;
        let session = tokio::select! {
            biased;
            () = stop_requested(&mut stop) => return ended(ReturnCode::Success),
            session = self.create_session() => session,
        };
        let Some(session) = session else { return ended(ReturnCode::TerminatedError) };
        self.print("Listening for Jobs");
        let mut run = Run { session, last: None, job: None, update: None };
        let mut job = Job::none();
        let code = self.process(&mut run, &mut job, &mut notifications, &mut stop).await;
        let Some(code) = code else {
            return Outcome { code: None, job: run.job, updated_to: None };
        };
        self.delete_session(&run.session).await;
        notifications.close().await;
        let updated_to = run.update.filter(|_| code == ReturnCode::RunOnceAgentUpdating);
        Outcome { code: Some(code), job: run.job, updated_to }
    }

    /// Processes events until the run ends; `None` if the machine died.
    async fn process<'a>(
        &'a self,
        run: &mut Run,
        job: &mut Job<'a>,
        notifications: &mut Notifications,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<ReturnCode> {
        loop {
            match self.next_event(run, job, notifications, stop).await {
                Event::Died => {
                    run.job = job.served("canceled");
                    return None;
                }
                Event::Stopped if job.is_none() => return Some(ReturnCode::Success),
                Event::Stopped => {
                    job.cancel();
                    run.job = job.finish(notifications).await;
                    return Some(ReturnCode::Success);
                }
                Event::Job(ended) => {
                    run.job = ended.served;
                    if run.update.is_some() {
                        self.sleep(self.behaviour.update_takes).await;
                        return Some(ReturnCode::RunOnceAgentUpdating);
                    }
                    self.linger(run).await;
                    return Some(ReturnCode::Success);
                }
                Event::Updated => return Some(ReturnCode::RunOnceAgentUpdating),
                Event::Polled(Ok(None)) => {}
                Event::Polled(Ok(Some(envelope))) => self.on_message(run, job, envelope).await,
                Event::Polled(Err(error)) => {
                    if let Some(code) = self.after_failed_poll(run, error).await {
                        // Any error that ends the listener cancels the job that runs.
                        if !job.is_none() {
                            job.cancel();
                            run.job = job.finish(notifications).await;
                        }
                        return Some(code);
                    }
                }
            }
        }
    }

    async fn next_event<'a>(
        &'a self,
        run: &Run,
        job: &mut Job<'a>,
        notifications: &mut Notifications,
        stop: &mut watch::Receiver<bool>,
    ) -> Event {
        let (mut death, is_idle) = (job.death(), job.is_none());
        let died = async {
            match &mut death {
                Some(death) => self.clock.sleep_until(death.at().await).await,
                None => std::future::pending().await,
            }
        };
        let updated = async {
            match (&run.update, is_idle) {
                (Some(_), true) => self.sleep(self.behaviour.update_takes).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = died => Event::Died,
            () = stop_requested(stop) => Event::Stopped,
            ended = job.run(notifications) => Event::Job(ended),
            () = updated => Event::Updated,
            () = self.keep_alive(&run.session) => Event::Polled(Ok(None)),
            polled = self.poll(run) => Event::Polled(polled),
        }
    }

    /// Polls for a message after the last one, and waits after an empty answer.
    async fn poll(&self, run: &Run) -> Result<Option<Envelope>, ServiceError> {
        let polled = self.service.next_message(&run.session, run.last).await;
        if matches!(polled, Ok(None)) {
            self.sleep(EMPTY_DELAY).await;
        }
        polled
    }

    /// Polls without the id of the last message, and discards the answers.
    async fn keep_alive(&self, session: &str) {
        loop {
            self.sleep(KEEP_ALIVE_INTERVAL).await;
            let _ = self.service.next_message(session, None).await;
        }
    }

    async fn on_message<'a>(&'a self, run: &mut Run, job: &mut Job<'a>, envelope: Envelope) {
        run.last = Some(envelope.id);
        match envelope.message {
            Message::Job(_) if !job.is_none() || run.update.is_some() => {
                // With `--once` a second job stays in the queue of the service.
                self.print("Received job request while another job runs or the agent is updated.");
                return;
            }
            Message::Job(message) => *job = self.dispatch(*message),
            Message::Cancel { job_id } => job.cancel_if(&job_id),
            Message::Refresh { version } if self.is_ignored_downgrade(&version) => {
                self.print("Downgrade is disabled, the update is ignored.");
            }
            Message::Refresh { version } => {
                self.print("Agent update in progress, do not shutdown agent.");
                run.update = Some(version);
            }
            Message::Unknown => {}
        }
        // A failure is logged only: the service offers the message again.
        let _ = self.service.delete_message(&run.session, envelope.id).await;
    }

    /// Returns whether an update is to an older version, and is ignored.
    fn is_ignored_downgrade(&self, version: &str) -> bool {
        let numbers = |version: &str| -> Vec<u64> {
            version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
        };
        self.keeps_version && numbers(version) < numbers(&self.version)
    }

    /// Returns the return code if a failed poll ends the listener; otherwise prepares the next one.
    async fn after_failed_poll(&self, run: &mut Run, error: ServiceError) -> Option<ReturnCode> {
        if error.is("TaskAgentAccessTokenExpiredException") {
            return Some(ReturnCode::Success);
        }
        if error.is("TaskAgentSessionExpiredException") {
            if self.configuration.settings.skip_session_recover {
                return Some(ReturnCode::RetryableError);
            }
            match self.create_session().await {
                Some(session) => (run.session, run.last) = (session, None),
                None => return Some(ReturnCode::RetryableError),
            }
            return None;
        }
        if error.is_gone() || error.is_denied() {
            self.print(&format!("An error occurred: {}", error.text()));
            return Some(ReturnCode::RetryableError);
        }
        self.sleep(RETRY_DELAY).await;
        None
    }

    /// Keeps the session after the end of the job, as long as the behaviour says. A job that the service assigns now stays
    /// in its queue.
    async fn linger(&self, run: &mut Run) {
        if !self.behaviour.lingers.is_zero() {
            let until = self.clock.now() + self.behaviour.lingers;
            tokio::select! {
                biased;
                () = self.clock.sleep_until(until) => {}
                () = self.keep_alive(&run.session) => {}
            }
        }
    }
}

fn ended(code: ReturnCode) -> Outcome {
    Outcome { code: Some(code), job: None, updated_to: None }
}
