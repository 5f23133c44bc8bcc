//! Does what the image's entrypoint does: claims a configuration, is a runner, and tells how that ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use emulators::functions::FunctionsHost;
use emulators::github::GitHub;
use emulators::github::wire::Wire;
use emulators::runner::Bare;
use emulators::service::{Response, Service};
use futures::FutureExt;
use http::header;
use rand::Rng;
use serde_json::json;
use tokio::sync::watch;

use super::weather::Weather;
use crate::storm::fate::Callee;

/// How long it asks for a configuration.
const PATIENCE: i64 = 600;
/// How long it waits for one answer.
const ONE_ANSWER: Duration = Duration::from_secs(60);
/// The longest pause between two questions, but for one that was asked for.
const LONGEST_PAUSE: i64 = 30;

const NO_CLAIM: i32 = 75;
const NO_JOB: i32 = 76;
const TERMINATED: i32 = 143;

/// A container that was started for a task.
pub(super) struct Entrypoint {
    pub(super) weather: Arc<Weather>,
    pub(super) host: Arc<Service<FunctionsHost>>,
    pub(super) github: Arc<Service<GitHub>>,
    /// The runner's name, which is the task's id.
    pub(super) name: String,
    pub(super) claim_url: String,
    pub(super) ticket: String,
    /// Whether a job reads the ticket, and tries it.
    pub(super) robbed: bool,
    /// Whether a claim of it is on the road.
    pub(super) is_asking: Arc<AtomicBool>,
}

/// What a claim came to.
enum Claim {
    Configured(String),
    Ended(i32),
}

impl Entrypoint {
    /// Runs until it ends by itself, or soon after it was asked to; tells the exit code.
    pub(super) async fn run(&self, mut stop: watch::Receiver<bool>) -> i32 {
        let claimed = tokio::select! {
            biased;
            _ = stop.wait_for(|&asked| asked) => return TERMINATED,
            claimed = self.claim() => claimed,
        };
        let configuration = match claimed {
            Claim::Configured(configuration) => configuration,
            Claim::Ended(code) => return code,
        };
        let wire = to_github(&self.weather, &self.github);
        let runner = Bare::configured(&configuration, &wire, self.weather.clock.clone());
        let runner = runner.expect("GitHub's configurations are readable");
        assert_eq!(runner.name(), self.name, "a claim gives the task's own runner");
        // The container's own start.
        self.weather.pass(self.weather.draw(500..4000)).await;
        let served = runner.run(stop.clone()).await;
        if self.robbed && served.is_some() && !*stop.borrow() {
            self.rob().await;
        }
        match served {
            _ if *stop.borrow() => TERMINATED,
            Some(_) => 0,
            None => NO_JOB,
        }
    }

    async fn claim(&self) -> Claim {
        let nonce = self.nonce();
        let began = self.weather.clock.now();
        for attempt in 1.. {
            let answer = self.ask(&nonce).await;
            let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            match (status, &answer) {
                (200, Some(answer)) => {
                    let text = String::from_utf8_lossy(answer.body()).trim().to_owned();
                    return Claim::Configured(text);
                }
                (410, _) => return Claim::Ended(0),
                (401 | 403, _) => return Claim::Ended(NO_CLAIM),
                _ => {}
            }
            let pause = self.pause_after(attempt, answer.as_ref(), began);
            if pause <= 0 {
                return Claim::Ended(NO_CLAIM);
            }
            self.weather.pass(Duration::from_secs(pause.unsigned_abs())).await;
        }
        Claim::Ended(NO_CLAIM)
    }

    /// Asks once; none is a connection that broke, or took too long.
    async fn ask(&self, nonce: &str) -> Option<Response> {
        let body = json!({ "v": 1, "ticket": self.ticket, "nonce": nonce });
        let request = http::Request::post(&self.claim_url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into())
            .expect("the handler wrote the address");
        let asked = self.weather.carry(Callee::Claim, &self.host, request);
        self.is_asking.store(true, Ordering::Relaxed);
        let answer = tokio::time::timeout(ONE_ANSWER, asked).await;
        self.is_asking.store(false, Ordering::Relaxed);
        answer.ok()?.ok()
    }

    /// Tells the seconds to wait, at most those that are left.
    fn pause_after(&self, attempt: u32, answer: Option<&Response>, began: DateTime<Utc>) -> i64 {
        let ceiling = (1 << (attempt - 1).min(5)).min(LONGEST_PAUSE);
        let asked = answer.and_then(|answer| answer.headers().get(header::RETRY_AFTER));
        let asked = asked.and_then(|seconds| seconds.to_str().ok()?.parse().ok()).unwrap_or(0);
        let drawn = ceiling - self.weather.dice().random_range(0..=ceiling / 2);
        let left = PATIENCE - (self.weather.clock.now() - began).num_seconds();
        drawn.max(asked).min(left)
    }

    /// Tries the ticket in other hands, before the container has ended.
    async fn rob(&self) {
        let answer = self.ask(&self.nonce()).await;
        if answer.is_some_and(|answer| answer.status().is_success()) {
            self.weather.chronicle.robbed(&self.name);
        }
    }

    fn nonce(&self) -> String {
        format!("{:032x}", self.weather.dice().random::<u128>())
    }
}

/// Makes the way of runners to GitHub, which takes a moment and is spared by fate.
pub(super) fn to_github(weather: &Arc<Weather>, github: &Arc<Service<GitHub>>) -> Wire {
    let (weather, github) = (Arc::clone(weather), Arc::clone(github));
    Arc::new(move |request| {
        let (weather, github) = (Arc::clone(&weather), Arc::clone(&github));
        async move {
            weather.pass(weather.draw(5..80)).await;
            let answer = github.call(request).await;
            Ok(answer.expect("nothing is lost on this way"))
        }
        .boxed()
    })
}
