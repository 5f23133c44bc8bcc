//! The listener's message loop: opens the session, polls for messages, has the job run, ends.

use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;

use emulator_core::clock::Clock;

use super::dispatcher::Dispatched;
use super::session::{DELETED, Session};
use super::{Listener, RETRY_DELAY};
use crate::arguments::Arguments;
use crate::configuration::{self, Settings};
use crate::messages::Message;
use crate::return_code::ReturnCode;
use crate::runner_service::RunnerService;
use crate::service_error::ServiceError;
use crate::signals::stop_requested;
use crate::{home, perf_counters};

/// The number of failed polls until the listener ends, to be started again.
const MAX_FAILED_POLLS: u32 = 10;
/// The delay after the second and each further failed poll. With the first delays, the real runner was observed to
/// take 12 minutes for ten polls. After the first failure the delay is 1 s here, and 15 to 30 s there.
const POLL_RETRY_DELAY: Duration = Duration::from_secs(90);

impl Listener {
    pub(super) async fn listen(&self, args: &Arguments, stop: watch::Receiver<bool>) -> ReturnCode {
        perf_counters::write(&self.env, "Runner", "RunnerProcessStarted");
        if self.start_log().is_err() {
            self.print("Unhandled exception. System.UnauthorizedAccessException: Access to the path '_diag' is denied.");
            return ReturnCode::Crashed;
        }
        if let Some(jit_config) = args.text("jitconfig") {
            let written = configuration::decode(jit_config)
                .map(|files| configuration::write(&self.home, &files));
            if !matches!(written, Some(Ok(()))) {
                return self.fail("An error occurred: the configuration could not be decoded.");
            }
        }
        if !configuration::exists(&self.home) {
            let text = "Not configured. Run config.(sh/cmd) to configure the runner.";
            return self.fail(&format!("An error occurred: {text}"));
        }
        match configuration::read(&self.home) {
            Ok((settings, credentials)) => {
                let service =
                    RunnerService::new(&self.transport, &settings.service_url, credentials);
                let service = service.with_version(home::version(&self.home));
                self.listen_in_session(&service, &settings, stop).await
            }
            Err(reason) => self.fail_retryably(&reason),
        }
    }

    fn start_log(&self) -> std::io::Result<()> {
        let diag = self.home.join("_diag");
        std::fs::create_dir_all(&diag)?;
        let started = Clock::of_this_machine().now().format("%Y%m%d-%H%M%S");
        std::fs::write(diag.join(format!("Runner_{started}-utc.log")), "")
    }

    async fn listen_in_session(
        &self,
        service: &RunnerService,
        settings: &Settings,
        mut stop: watch::Receiver<bool>,
    ) -> ReturnCode {
        let opened = tokio::select! {
            biased;
            () = stop_requested(&mut stop) => return ReturnCode::Success,
            opened = self.open_session(service) => opened,
        };
        let mut session = match opened {
            Ok(session) => session,
            Err(return_code) => return return_code,
        };
        self.print("");
        self.print("√ Connected to GitHub");
        self.print("");
        self.print(&format!("Current runner version: '{}'", service.version()));
        self.print_with_time("Listening for Jobs");
        let return_code = self.process_messages(service, &mut session, settings, stop).await;
        // If this fails, the service ends the session once it has no polls.
        let _ = service.close_session(&session.id).await;
        return_code
    }

    async fn process_messages(
        &self,
        service: &RunnerService,
        session: &mut Session,
        settings: &Settings,
        mut stop: watch::Receiver<bool>,
    ) -> ReturnCode {
        let mut failures = 0;
        loop {
            let next = tokio::select! {
                biased;
                () = stop_requested(&mut stop) => {
                    self.print("Exiting...");
                    return ReturnCode::Success;
                }
                next = service.next_message(&session.id, session.after) => next,
            };
            let message = match next {
                Ok(Some(envelope)) => {
                    session.after = envelope.number;
                    envelope.message
                }
                Ok(None) => {
                    failures = 0;
                    continue;
                }
                Err(ServiceError::SessionInvalid) => match self.open_session(service).await {
                    Ok(new) => {
                        *session = new;
                        continue;
                    }
                    Err(return_code) => return return_code,
                },
                Err(error) => match self.after_failed_poll(service, error, &mut failures).await {
                    Some(return_code) => return return_code,
                    None => continue,
                },
            };
            failures = 0;
            if let Some(return_code) =
                self.process(message, service, session, settings, &mut stop).await
            {
                return return_code;
            }
        }
    }

    /// Returns the return code if a failed poll ends the listener; otherwise waits before the next poll.
    async fn after_failed_poll(
        &self,
        service: &RunnerService,
        error: ServiceError,
        failures: &mut u32,
    ) -> Option<ReturnCode> {
        match error {
            ServiceError::RunnerNotFound => {
                self.print(&format!("An error occurred: {DELETED}"));
                configuration::delete(&self.home);
                return Some(ReturnCode::Success);
            }
            ServiceError::Deprovisioned => return Some(ReturnCode::Success),
            ServiceError::VersionTooOld => return Some(self.reject_version(service)),
            error if error.is(StatusCode::UNAUTHORIZED) => {
                return Some(self.fail(&format!("An error occurred: {error}")));
            }
            _ => {}
        }
        *failures += 1;
        if *failures == MAX_FAILED_POLLS {
            return Some(self.fail_retryably(&error.to_string()));
        }
        if *failures == 2 {
            let text = format!("Runner connect error: {error}. Retrying until reconnected.");
            self.print_with_time(&text);
        }
        tokio::time::sleep(if *failures == 1 { RETRY_DELAY } else { POLL_RETRY_DELAY }).await;
        None
    }

    /// Processes a message; returns the return code if the runner ends.
    async fn process(
        &self,
        message: Message,
        service: &RunnerService,
        session: &mut Session,
        settings: &Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<ReturnCode> {
        match message {
            Message::Job { job } => {
                perf_counters::write(&self.env, "Runner", "MessageReceived_RunnerJobRequest");
                match self.dispatch(service, session, job, settings, stop).await {
                    Dispatched::Stopped => {
                        self.print("Exiting...");
                        Some(ReturnCode::Success)
                    }
                    Dispatched::Served if settings.ephemeral => {
                        configuration::delete(&self.home);
                        Some(ReturnCode::Success)
                    }
                    Dispatched::Withdrawn if settings.ephemeral => Some(ReturnCode::Success),
                    _ => None,
                }
            }
            Message::Cancel { .. } => None,
            Message::Refresh { version } => {
                self.print("Runner update in progress, do not shutdown runner.");
                let [major, minor, patch] = version;
                match home::update(&self.home, &format!("{major}.{minor}.{patch}")) {
                    Ok(()) if settings.ephemeral => Some(ReturnCode::RunOnceRunnerUpdating),
                    Ok(()) => Some(ReturnCode::RunnerUpdating),
                    Err(error) => Some(self.fail_retryably(&error.to_string())),
                }
            }
        }
    }
}
