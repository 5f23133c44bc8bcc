//! Operate: does by hand, at once, what reconciliation does in its time, or has given up.
//!
//! Whatever is done twice does what it does once: a message meets the task that is there already.

use std::time::Duration;

use anyhow::Context;
use http::{HeaderMap, StatusCode};
use tracing::{error, info};

use super::operators::admit;
use super::status::remembered;
use crate::app::App;
use crate::collect::{RequestBudget, collect, collect_deliveries, rules};
use crate::github::GithubError;
use crate::http::{Body, BodyError, Response, read_body};
use crate::reconcile::execute::execute_each;
use crate::reconcile::{Repair, lost_events, waiting_jobs};
use crate::replay_plan::{self, Left, Operated, Plan, Replay};
use crate::repository::Repository;

/// An order is a few hundred bytes.
const BODY_LIMIT: usize = 16 << 10;
/// The front end of the platform waits for 230 seconds.
const BUDGET: RequestBudget = RequestBudget { time: Duration::from_secs(100), requests: 800 };

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
        for (what, told) in names.into_iter().zip(execute_each(self, &repairs).await) {
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
            let collected = collect_deliveries(app, &previous, &rules, BUDGET).await;
            let snapshot = collected.complete.then_some(collected.value);
            let snapshot =
                snapshot.context("list all deliveries: GitHub did not respond, try again")?;
            let lost = lost_events(&snapshot, &previous, app.clock.now());
            Ok(replay_plan::deliveries(&lost, which))
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
    let mut collected = collect(app, &previous, &rules, BUDGET).await.context("list the tasks")?;
    let of_run =
        github.jobs_of_run(repository, job.run).await.context("list the jobs of its run")?;
    collected.snapshot.jobs.extend(of_run);
    if collected.snapshot.missing_runs {
        return Ok(Plan::leaving(
            name,
            "not every runner that may be for it was reached: ask again",
        ));
    }
    let waiting = waiting_jobs(&collected.snapshot, &rules, app.clock.now());
    Ok(replay_plan::job(id, &job, waiting.iter().find(|waiting| waiting.id == id)))
}
