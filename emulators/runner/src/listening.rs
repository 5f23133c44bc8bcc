//! Listens for a job: opens the session, waits for messages, has the job served, ends.

use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;

use super::arguments::Arguments;
use super::dispatch::Dispatched;
use super::home::{self, Settings};
use super::rejected::Rejected;
use super::service::{Message, Service};
use super::{Ending, Listener, PAUSE, perf};

/// How long it waits between two tries to open its session.
const SESSION_PAUSE: Duration = Duration::from_secs(30);
/// How often it finds the session of another one until it gives up: for three and a half minutes.
const SESSION_CONFLICTS: u32 = 8;
/// How many unanswered requests for a message it makes before it ends, to be started again.
const MESSAGE_TRIES: u32 = 10;
/// How long it waits after the second failure and each further one; with the first ones the real one was seen to
/// take 12 minutes for the ten. After the first failure it waits for 1 s here, and for 15 to 30 s there.
const MESSAGE_PAUSE: Duration = Duration::from_secs(90);

/// The entrypoint wants to know that the version was refused.
const RETURN_DEPRECATED: &str = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE";

const DELETED: &str =
    "The runner registration has been deleted from the server, please re-configure.";

/// The time in which it listens.
pub(super) struct Session {
    pub(super) id: String,
    /// The number of the last message that it has seen.
    pub(super) after: u64,
}

impl Listener {
    pub(super) async fn listen(&self, args: &Arguments, stop: watch::Receiver<bool>) -> Ending {
        perf::write(&self.env, "Runner", "RunnerProcessStarted");
        if self.start_log().is_err() {
            self.say("Unhandled exception. System.UnauthorizedAccessException: Access to the path '_diag' is denied.");
            return Ending::Crashed;
        }
        if let Some(jit_config) = args.text("jitconfig") {
            let written = home::decode(jit_config).map(|files| home::write(&self.home, &files));
            if !matches!(written, Some(Ok(()))) {
                return self.fail("An error occurred: the configuration could not be decoded.");
            }
        }
        if !home::is_configured(&self.home) {
            let text = "Not configured. Run config.(sh/cmd) to configure the runner.";
            return self.fail(&format!("An error occurred: {text}"));
        }
        match home::settings(&self.home) {
            Ok(mut settings) => {
                let credentials =
                    settings.credentials.take().expect("settings have just been read");
                let service = Service::new(&self.transport, &settings.service, credentials);
                let service = service.of_version(home::version(&self.home));
                self.serve_until_done(&service, &settings, stop).await
            }
            Err(reason) => self.fail_retryably(&reason),
        }
    }

    /// What the real one does with each exception that it does not know.
    fn fail_retryably(&self, reason: &str) -> Ending {
        self.say(&format!("An error occurred: {reason}"));
        Ending::RetryableError
    }

    fn start_log(&self) -> std::io::Result<()> {
        let diag = self.home.join("_diag");
        std::fs::create_dir_all(&diag)?;
        let started = super::now().format("%Y%m%d-%H%M%S");
        std::fs::write(diag.join(format!("Runner_{started}-utc.log")), "")
    }

    async fn serve_until_done(
        &self,
        service: &Service,
        settings: &Settings,
        mut stop: watch::Receiver<bool>,
    ) -> Ending {
        let opened = tokio::select! {
            biased;
            () = asked(&mut stop) => return Ending::Success,
            opened = self.open_session(service) => opened,
        };
        let mut session = match opened {
            Ok(session) => session,
            Err(ending) => return ending,
        };
        self.say("");
        self.say("√ Connected to GitHub");
        self.say("");
        self.say(&format!("Current runner version: '{}'", service.version()));
        self.say_at("Listening for Jobs");
        let ending = self.wait_for_job(service, &mut session, settings, stop).await;
        // The service forgets a session in which no request is made.
        let _ = service.close_session(&session.id).await;
        ending
    }

    pub(super) async fn open_session(&self, service: &Service) -> Result<Session, Ending> {
        let mut conflicts = 0;
        loop {
            match service.open_session().await {
                Ok(id) => {
                    perf::write(&self.env, "Runner", "SessionCreated");
                    return Ok(Session { id, after: 0 });
                }
                Err(Rejected::InvalidClient | Rejected::RunnerNotFound) => {
                    return Err(self.fail(&format!("Failed to create a session. {DELETED}")));
                }
                Err(Rejected::VersionTooOld) => return Err(self.refused_version(service)),
                Err(error)
                    if error.is(StatusCode::UNAUTHORIZED) || error.is(StatusCode::FORBIDDEN) =>
                {
                    return Err(self.fail(&format!("Failed to create session. Error: {error}")));
                }
                Err(error) if error.is(StatusCode::CONFLICT) => {
                    self.say("A session for this runner already exists.");
                    conflicts += 1;
                    if conflicts == SESSION_CONFLICTS {
                        self.say(
                            "Stop retry on SessionConflictException after retried for 240 seconds.",
                        );
                        return Err(Ending::SessionConflict);
                    }
                }
                Err(error) => {
                    let text =
                        format!("Runner connect error: {error}. Retrying until reconnected.");
                    self.say_at(&text);
                }
            }
            tokio::time::sleep(SESSION_PAUSE).await;
        }
    }

    fn refused_version(&self, service: &Service) -> Ending {
        let version = service.version();
        self.say(&format!(
            "An error occurred: Runner version v{version} is deprecated and cannot receive messages."
        ));
        let wanted = self.env.get(RETURN_DEPRECATED).map(|value| value.to_ascii_lowercase());
        if matches!(wanted.as_deref(), Some("1" | "true")) {
            Ending::VersionDeprecated
        } else {
            Ending::TerminatedError
        }
    }

    async fn wait_for_job(
        &self,
        service: &Service,
        session: &mut Session,
        settings: &Settings,
        mut stop: watch::Receiver<bool>,
    ) -> Ending {
        let mut failures = 0;
        loop {
            let next = tokio::select! {
                biased;
                () = asked(&mut stop) => {
                    self.say("Exiting...");
                    return Ending::Success;
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
                Err(Rejected::SessionInvalid) => match self.open_session(service).await {
                    Ok(new) => {
                        *session = new;
                        continue;
                    }
                    Err(ending) => return ending,
                },
                Err(error) => match self.judge(service, error, &mut failures).await {
                    Some(ending) => return ending,
                    None => continue,
                },
            };
            failures = 0;
            if let Some(ending) = self.attend(message, service, session, settings, &mut stop).await
            {
                return ending;
            }
        }
    }

    /// Decides whether a failure to get a message ends the runner; waits where it does not.
    async fn judge(
        &self,
        service: &Service,
        error: Rejected,
        failures: &mut u32,
    ) -> Option<Ending> {
        match error {
            Rejected::RunnerNotFound => {
                self.say(&format!("An error occurred: {DELETED}"));
                home::forget(&self.home);
                return Some(Ending::Success);
            }
            Rejected::Deprovisioned => return Some(Ending::Success),
            Rejected::VersionTooOld => return Some(self.refused_version(service)),
            error if error.is(StatusCode::UNAUTHORIZED) => {
                return Some(self.fail(&format!("An error occurred: {error}")));
            }
            _ => {}
        }
        *failures += 1;
        if *failures == MESSAGE_TRIES {
            return Some(self.fail_retryably(&error.to_string()));
        }
        if *failures == 2 {
            let text = format!("Runner connect error: {error}. Retrying until reconnected.");
            self.say_at(&text);
        }
        tokio::time::sleep(if *failures == 1 { PAUSE } else { MESSAGE_PAUSE }).await;
        None
    }

    /// Does what a message asks for; returns how the runner ends, if it does.
    async fn attend(
        &self,
        message: Message,
        service: &Service,
        session: &mut Session,
        settings: &Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<Ending> {
        match message {
            Message::Job { job } => {
                perf::write(&self.env, "Runner", "MessageReceived_RunnerJobRequest");
                match self.dispatch(service, session, job, settings, stop).await {
                    Dispatched::Stopped => {
                        self.say("Exiting...");
                        Some(Ending::Success)
                    }
                    Dispatched::Served if settings.ephemeral => {
                        home::forget(&self.home);
                        Some(Ending::Success)
                    }
                    Dispatched::Withdrawn if settings.ephemeral => Some(Ending::Success),
                    _ => None,
                }
            }
            Message::Cancel { .. } => None,
            Message::Refresh { version } => {
                self.say("Runner update in progress, do not shutdown runner.");
                let [major, minor, patch] = version;
                match home::update(&self.home, &format!("{major}.{minor}.{patch}")) {
                    Ok(()) if settings.ephemeral => Some(Ending::RunOnceUpdating),
                    Ok(()) => Some(Ending::Updating),
                    Err(error) => Some(self.fail_retryably(&error.to_string())),
                }
            }
        }
    }
}

/// Waits until the runner is asked to stop.
pub(super) async fn asked(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|&asked| asked).await.is_err() {
        // The sender is gone, and with it the one that could ask.
        std::future::pending().await
    }
}
