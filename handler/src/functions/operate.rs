//! Operate: does by hand, at once, what reconciliation does in its time, or has given up.
//!
//! Whatever is done twice does what it does once: a message meets the task that is there already.

use std::time::Duration;

use anyhow::Context;
use http::{HeaderMap, StatusCode};
use tracing::{error, info};

use super::observe::{Bounds, deliveries, observe, rules};
use super::operators::admit;
use super::reconcile_runners::act::carry_out;
use super::status::remembered;
use crate::app::App;
use crate::github::GithubError;
use crate::http::{Body, BodyError, Response, read_body};
use crate::reconcile::{Repair, lost, waiting};
use crate::replay_plan::{self, Left, Operated, Plan, Replay};
use crate::repository::Repository;

/// An order is a few hundred bytes.
const BODY_LIMIT: usize = 16 << 10;
/// The front end of the platform waits for 230 seconds.
const BOUNDS: Bounds = Bounds { longest: Duration::from_secs(100), most_calls: 800 };

/// Answers an order.
pub(crate) async fn handle(app: &App, headers: &HeaderMap, body: &mut Body) -> Response {
    if let Err(refused) = admit(app, headers).await {
        return refused;
    }
    let order = match read_body(body, BODY_LIMIT).await {
        Ok(body) => Replay::read(&body),
        Err(BodyError::TooLarge) => {
            let error = format!("the body is larger than {BODY_LIMIT} bytes");
            return Response::error(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(BodyError::Broken) => {
            return Response::error(StatusCode::BAD_REQUEST, "the body ended early");
        }
    };
    match order {
        Ok(order) => obey(app, &order).await,
        Err(bad) => Response::error(StatusCode::BAD_REQUEST, bad),
    }
}

async fn obey(app: &App, order: &Replay) -> Response {
    match app.replay(order).await {
        Ok(operated) => {
            let json = serde_json::to_value(operated).expect("plain fields always serialize");
            Response::json(StatusCode::OK, &json)
        }
        Err(err) => {
            error!("failed to {err:#}");
            Response::later(format!("{err:#}"), None)
        }
    }
}

impl App {
    /// Puts back on the road what an order names; one order at a time, and no look of Status meanwhile.
    ///
    /// # Errors
    /// Something could not be read, so that nothing was done.
    pub async fn replay(&self, order: &Replay) -> anyhow::Result<Operated> {
        let _alone = self.last_status.invalidate().await;
        let Plan { repairs, mut left } = plan(self, order).await?;
        let (names, repairs): (Vec<String>, Vec<Repair>) = repairs.into_iter().unzip();
        let mut done = Vec::new();
        for (what, told) in names.into_iter().zip(carry_out(self, &repairs).await) {
            match told {
                Ok(text) => done.push(text),
                Err(err) => left.push(Left { what, why: format!("failed to {err:#}") }),
            }
        }
        info!(left = left.len(), "{order:?}: did {}", done.len());
        Ok(Operated { operation: "replay".to_owned(), done, left })
    }
}

async fn plan(app: &App, order: &Replay) -> anyhow::Result<Plan> {
    match order {
        Replay::Poison(which) => {
            let messages = app.poison.peek().await?;
            Ok(replay_plan::poison(&messages, which, &rules(app), app.clock.now()))
        }
        Replay::Deliveries(which) => {
            let (previous, rules) = (remembered(app).await?, rules(app));
            let seen = deliveries(app, &previous, &rules, BOUNDS).await;
            let seen = seen.context("list the deliveries: GitHub was not reached, ask again")?;
            Ok(replay_plan::deliveries(&lost(&seen, &previous, app.clock.now()), which))
        }
        Replay::Job { repository, id } => plan_job(app, repository, *id).await,
    }
}

async fn plan_job(app: &App, repository: &Repository, id: u64) -> anyhow::Result<Plan> {
    let name = format!("job {id}");
    let (github, policy) = (app.github.low_priority(), &app.webhook.policy);
    if !policy.allowed.allow(repository) {
        return Ok(Plan::leaving(name, "its repository matches no glob of AllowedRepositories"));
    }
    let job = match github.job(repository, id).await {
        Ok(job) => job,
        Err(GithubError::NotFound { .. }) => {
            return Ok(Plan::leaving(name, format!("GitHub shows no such job of {repository}")));
        }
        Err(err) => return Err(err).context("read the job"),
    };
    if job.status != "queued" {
        return Ok(replay_plan::job(id, &job, None));
    }
    if !policy.public_repositories && github.is_public(repository).await.context("read the job")? {
        return Ok(Plan::leaving(name, "its repository is public: see AllowPublicRepositories"));
    }
    let (previous, rules) = (remembered(app).await?, rules(app));
    let mut observed = observe(app, &previous, &rules, BOUNDS).await.context("see what runs")?;
    let of_run =
        github.jobs_of_run(repository, job.run).await.context("list the jobs of its run")?;
    observed.seen.jobs.extend(of_run);
    if observed.seen.partial {
        return Ok(Plan::leaving(
            name,
            "not every runner that may be for it was reached: ask again",
        ));
    }
    let waiting = waiting(&observed.seen, &rules, app.clock.now());
    Ok(replay_plan::job(id, &job, waiting.iter().find(|waiting| waiting.id == id)))
}
