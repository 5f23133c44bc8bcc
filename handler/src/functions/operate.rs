//! Operate: repairs manually and immediately what reconciliation would repair later, or has abandoned, pauses and
//! resumes profiles, and checks the preconditions of the deployment, and reads the
//! output of tasks.
//!
//! An operation is idempotent: a replayed message finds the task that exists already.

use std::time::Duration;

use anyhow::Context;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tracing::{error, info};

use super::logs::UnknownTask;
use super::operators::admit;
use super::pause::NoProfile;
use super::status::previous_state;
use crate::app::App;
use crate::collect::{RequestBudget, collect, collect_deliveries, rules};
use crate::github::{GithubError, Purpose};
use crate::http::{Body, BodyError, Response, read_body};
use crate::operation::Operation;
use crate::polling::STATUSES;
use crate::reconcile::execute::execute_each;
use crate::reconcile::{Repair, lost_events, waiting_jobs};
use crate::replay_plan::{self, OperateResponse, Plan, Replay, Skipped};
use crate::repository::Repository;

/// A request body is a few hundred bytes.
const MAX_BODY_BYTES: usize = 16 << 10;
/// Azure's front end waits 230 seconds for a response.
const BUDGET: RequestBudget = RequestBudget {
    time: Duration::from_secs(100),
    requests: 800,
    purpose: Purpose::LowPriority,
    statuses: &STATUSES,
};

/// Handles a request.
pub(crate) async fn handle(app: &App, headers: &HeaderMap, body: &mut Body) -> Response {
    let from = match admit(app, headers).await {
        Ok(caller) => caller.to_string(),
        Err(rejected) => return rejected,
    };
    let operation = match read_body(body, MAX_BODY_BYTES).await {
        Ok(body) => Operation::parse(&body),
        Err(BodyError::TooLarge) => {
            let error = format!("the body is larger than {MAX_BODY_BYTES} bytes");
            return Response::error(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(BodyError::Broken) => {
            return Response::error(StatusCode::BAD_REQUEST, "the body ended early");
        }
    };
    match operation {
        Ok(operation) => execute(app, &operation, &from).await,
        Err(bad) => Response::error(StatusCode::BAD_REQUEST, bad),
    }
}

async fn execute(app: &App, operation: &Operation, from: &str) -> Response {
    match app.operate(operation, from).await {
        Ok(response) => Response::json(StatusCode::OK, &response),
        Err(err) => failed(&err),
    }
}

/// Returns the response to an operation that was not executed.
fn failed(err: &anyhow::Error) -> Response {
    if let Some(unknown) = err.downcast_ref::<NoProfile>() {
        return Response::error(StatusCode::NOT_FOUND, unknown);
    }
    if let Some(unknown) = err.downcast_ref::<UnknownTask>() {
        return Response::error(StatusCode::NOT_FOUND, unknown);
    }
    error!("failed to {err:#}");
    Response::later(format!("{err:#}"), None)
}

impl App {
    /// Executes an operation, and returns the response of Operate. `from` describes the caller.
    ///
    /// # Errors
    /// When facts for the decision could not be read, or the settings do not have the profile; then nothing was changed.
    pub async fn operate(&self, operation: &Operation, from: &str) -> anyhow::Result<Value> {
        info!(caller = from, "requested by {from}: {operation}");
        let response = match operation {
            Operation::Replay(replay) => serde_json::to_value(self.replay(replay).await?),
            Operation::Pause(request) => serde_json::to_value(self.pause(request, from).await?),
            Operation::Resume { profile } => {
                serde_json::to_value(self.resume(profile, from).await?)
            }
            Operation::Doctor => serde_json::to_value(self.doctor().await),
            Operation::History(request) => serde_json::to_value(self.history_page(request).await?),
            Operation::Logs { task } => serde_json::to_value(self.logs(task).await?),
        };
        Ok(response.expect("plain fields always serialize"))
    }

    /// Replays messages, deliveries or a job. One replay runs at a time, and no status is collected meanwhile.
    ///
    /// # Errors
    /// When facts for the decision could not be read; then nothing was changed.
    pub async fn replay(&self, replay: &Replay) -> anyhow::Result<OperateResponse> {
        let _exclusive = self.last_status.invalidate().await;
        let Plan { repairs, mut skipped } = plan(self, replay).await?;
        let (names, repairs): (Vec<String>, Vec<Repair>) = repairs.into_iter().unzip();
        let mut done = Vec::new();
        for (item, result) in names.into_iter().zip(execute_each(self, &repairs).await) {
            match result {
                Ok(text) => done.push(text),
                Err(err) => skipped.push(Skipped { item, reason: format!("failed to {err:#}") }),
            }
        }
        info!("replay {replay}: {} done, {} skipped", done.len(), skipped.len());
        Ok(OperateResponse { operation: "replay".to_owned(), done, skipped })
    }
}

async fn plan(app: &App, replay: &Replay) -> anyhow::Result<Plan> {
    match replay {
        Replay::Poison(selection) => {
            let messages = app.poison.peek().await?;
            Ok(replay_plan::poison(&messages, selection, &rules(app), app.clock.now()))
        }
        Replay::Deliveries(selection) => {
            let (previous, rules) = (previous_state(app).await?, rules(app));
            let collected = collect_deliveries(app, &previous, &rules, BUDGET).await;
            let snapshot = collected.complete.then_some(collected.value);
            let snapshot = snapshot
                .context("list the deliveries: GitHub did not list all of them; try again")?;
            let lost = lost_events(&snapshot, &previous, app.clock.now());
            Ok(replay_plan::deliveries(&lost, selection))
        }
        Replay::Job { repository, id } => plan_job(app, repository, *id).await,
    }
}

async fn plan_job(app: &App, repository: &Repository, id: u64) -> anyhow::Result<Plan> {
    let name = format!("job {id}");
    let (github, policy) = (app.github.low_priority(), &app.webhook.policy);
    if !policy.allowed.allow(repository) {
        return Ok(Plan::skip(
            name,
            "its repository matches no pattern of setting AllowedRepositories",
        ));
    }
    let (present, job) = match github.located_job(repository, id).await {
        Ok(found) => found,
        Err(GithubError::NotFound { .. }) => {
            return Ok(Plan::skip(name, format!("GitHub has no such job in {repository}")));
        }
        Err(err) => return Err(err).context("read the job"),
    };
    let repository = &present;
    if !policy.allowed.allow(repository) {
        return Ok(Plan::skip(
            name,
            format!(
                "its repository is {repository} by now, which setting AllowedRepositories does not allow"
            ),
        ));
    }
    if job.status != "queued" {
        return Ok(replay_plan::job(id, &job, None));
    }
    if !policy.public_repositories && github.is_public(repository).await.context("read the job")? {
        return Ok(Plan::skip(
            name,
            "its repository is public: see setting AllowPublicRepositories",
        ));
    }
    let (previous, rules) = (previous_state(app).await?, rules(app));
    let budget = BUDGET.if_polling(Purpose::Report, &rules);
    let mut collected = collect(app, &previous, &rules, budget).await.context("list the tasks")?;
    let of_run =
        github.jobs_of_run(repository, job.run).await.context("list the jobs of its run")?;
    collected.snapshot.jobs.extend(of_run.jobs);
    let owner = repository.owner().to_ascii_lowercase();
    let snapshot = &collected.snapshot;
    if snapshot.missing_runs || snapshot.missing_accounts.contains(&owner) {
        return Ok(Plan::skip(name, "not every runner that may serve it could be read; try again"));
    }
    let waiting = waiting_jobs(&collected.snapshot, &previous, &rules, app.clock.now());
    Ok(replay_plan::job(id, &job, waiting.iter().find(|waiting| waiting.id == id)))
}
