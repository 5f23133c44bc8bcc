//! Listens for a job: opens the session, waits for messages, serves, ends.

use std::time::Duration;

use tokio::sync::watch;

use super::arguments::Arguments;
use super::home::{self, Settings};
use super::service::{Message, Refused, Service};
use super::{Ending, Listener, PAUSE, VERSION};

/// How long the real listener waits between two tries to open its session.
const SESSION_PAUSE: Duration = Duration::from_secs(30);
/// How often it finds the session of another one until it gives up: for four minutes.
const SESSION_CONFLICTS: u32 = 8;
/// How often it tries to take a job that it was told of.
const ACCEPTANCES: u32 = 5;

/// Whoever started the listener wants to know that its version was refused.
const TELL_DEPRECATED: &str = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE";

impl Listener {
    pub(super) async fn listen(&self, args: &Arguments, mut stop: watch::Receiver<bool>) -> Ending {
        if let Some(jit_config) = args.text("jitconfig") {
            let written = home::decode(jit_config).map(|files| home::write(&self.home, &files));
            if !matches!(written, Some(Ok(()))) {
                return self.fail("An error occurred: the configuration could not be decoded.");
            }
        }
        let Ok(settings) = home::settings(&self.home) else {
            return self.fail("An error occurred: Not configured. Run config.(sh/cmd).");
        };
        let service = Service::new(&self.wire, &settings.service, &settings.secret);
        let opened = tokio::select! {
            biased;
            () = asked(&mut stop) => return Ending::Success,
            opened = self.open_session(&service) => opened,
        };
        let session = match opened {
            Ok(session) => session,
            Err(ending) => return ending,
        };
        self.say("√ Connected to GitHub");
        self.say(&format!("Current runner version: '{VERSION}'"));
        self.say("Listening for Jobs");
        self.wait_for_job(&service, &session, &settings, stop).await
    }

    async fn open_session(&self, service: &Service) -> Result<String, Ending> {
        let mut conflicts = 0;
        loop {
            match service.open_session().await {
                Ok(session) => return Ok(session),
                Err(Refused::Gone) => {
                    let text =
                        "Failed to create a session. The runner registration has been deleted.";
                    return Err(self.fail(text));
                }
                Err(Refused::Deprecated) => return Err(self.refused_version()),
                Err(Refused::Conflict) => {
                    self.say("A session for this runner already exists.");
                    conflicts += 1;
                    if conflicts == SESSION_CONFLICTS {
                        return Err(Ending::SessionConflict);
                    }
                }
                Err(Refused::Unavailable) => {
                    self.say("Runner connect error. Retrying until reconnected.");
                }
            }
            tokio::time::sleep(SESSION_PAUSE).await;
        }
    }

    fn refused_version(&self) -> Ending {
        self.say(&format!("An error occurred: runner version {VERSION} is deprecated."));
        let told = self.env.get(TELL_DEPRECATED).map(|value| value.to_ascii_lowercase());
        if matches!(told.as_deref(), Some("1" | "true")) {
            Ending::VersionDeprecated
        } else {
            Ending::TerminatedError
        }
    }

    async fn wait_for_job(
        &self,
        service: &Service,
        session: &str,
        settings: &Settings,
        mut stop: watch::Receiver<bool>,
    ) -> Ending {
        let mut after = 0;
        loop {
            let next = tokio::select! {
                biased;
                () = asked(&mut stop) => {
                    self.say("Exiting...");
                    // The service forgets a session that nobody asks in.
                    let _ = service.close_session(session).await;
                    return Ending::Success;
                }
                next = service.next_message(session, after) => next,
            };
            let message = match next {
                Ok(Some(envelope)) => {
                    after = envelope.number;
                    envelope.message
                }
                Ok(None) => continue,
                Err(Refused::Unavailable | Refused::Conflict) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(Refused::Gone) => {
                    self.say("The runner registration has been deleted from the server.");
                    return Ending::Success;
                }
                Err(Refused::Deprecated) => return self.refused_version(),
            };
            let Message::Job { job } = message else { continue };
            if self.take(service, (session, after), job, settings, &mut stop).await
                && settings.ephemeral
            {
                // An ephemeral runner's registration, and its session with it, ended with the job.
                let _ = service.close_session(session).await;
                home::forget(&self.home);
                return Ending::Success;
            }
        }
    }

    /// Takes a job and serves it; tells whether it got it.
    async fn take(
        &self,
        service: &Service,
        heard: (&str, u64),
        job: u64,
        settings: &Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> bool {
        for _ in 0..ACCEPTANCES {
            match service.accept(job).await {
                Ok(order) => {
                    self.serve(service, heard, &order, settings, stop).await;
                    return true;
                }
                Err(Refused::Unavailable) => tokio::time::sleep(PAUSE).await,
                Err(_) => break,
            }
        }
        self.say("Skipping message Job.");
        false
    }
}

/// Waits until somebody asks to stop.
pub(super) async fn asked(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|&asked| asked).await.is_err() {
        // Nobody is left who could ask.
        std::future::pending().await
    }
}
