//! Answers for repositories, runs and jobs.

use http::StatusCode;

use crate::answer::{Outcome, Refusal, Reply};
use crate::job::Job;
use crate::repository::Repository;
use crate::run::Run;
use crate::shapes;
use crate::state::State;

use super::{Ask, listed, scope};

pub(super) fn repository(state: &State, ask: &Ask<'_>) -> Outcome {
    Reply::ok(shapes::repository::full(&ask.base, super::repository(state, ask)?))
}

pub(super) fn repositories_of_org(state: &State, ask: &Ask<'_>) -> Outcome {
    let scope = scope(state, ask)?;
    page(ask, state.repositories.values().filter(|known| scope.covers(known)).collect())
}

/// The one token opens every repository.
pub(super) fn repositories(state: &State, ask: &Ask<'_>) -> Outcome {
    page(ask, state.repositories.values().collect())
}

fn page(ask: &Ask<'_>, repositories: Vec<&Repository>) -> Outcome {
    ask.query.only(&[])?;
    let (shown, link) = ask.query.page(repositories, &ask.base, &ask.path);
    let write = |known: &Repository| shapes::repository::short(&ask.base, known);
    Reply::linked(shown.into_iter().map(write).collect(), link)
}

pub(super) fn job(state: &State, ask: &Ask<'_>) -> Outcome {
    let repository = super::repository(state, ask)?;
    let job = state.jobs.get(&ask.route.number(0));
    let job = job.filter(|job| job.repository == repository.full_name);
    let job = job.ok_or_else(Refusal::not_found)?;
    Reply::ok(shapes::job::job(&ask.base, job, job.status))
}

pub(super) fn jobs(state: &State, ask: &Ask<'_>) -> Outcome {
    ask.query.only(&["filter"])?;
    let jobs = jobs_of_run(state, ask)?;
    let latest = jobs.iter().map(|job| job.attempt).max();
    let all = ask.query.get("filter") == Some("all");
    let shown = jobs.into_iter().filter(|job| all || Some(job.attempt) == latest).collect();
    listed(ask, "jobs", shown, |job| shapes::job::job(&ask.base, job, job.status))
}

pub(super) fn runs(state: &State, ask: &Ask<'_>) -> Outcome {
    ask.query.only(&["status", "exclude_pull_requests"])?;
    let repository = super::repository(state, ask)?;
    let wanted = ask.query.get("status");
    let of_repository = |run: &Run<'_>| run.first.repository == repository.full_name;
    let as_wanted = |run: &Run<'_>| wanted.is_none_or(|wanted| run.stands_as(wanted));
    // The latest run comes first.
    let shown = state.runs().rev().filter(of_repository).filter(as_wanted).collect();
    listed(ask, "workflow_runs", shown, |run| shapes::job::run(&ask.base, repository, &run))
}

pub(super) fn run(state: &State, ask: &Ask<'_>) -> Outcome {
    let repository = super::repository(state, ask)?;
    let run = Run::of(&jobs_of_run(state, ask)?).ok_or_else(Refusal::not_found)?;
    Reply::ok(shapes::job::run(&ask.base, repository, &run))
}

pub(super) fn cancel_run(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let jobs: Vec<u64> = jobs_of_run(state, ask)?.iter().map(|job| job.id).collect();
    let cancelled = jobs.into_iter().filter(|&job| state.cancel(job, ask.now)).count();
    if cancelled == 0 {
        let text = "Cannot cancel a workflow run that is completed.";
        return Err(Refusal::new(StatusCode::CONFLICT, text));
    }
    Reply::accepted()
}

/// Finds the jobs of the run that a request names.
fn jobs_of_run<'s>(state: &'s State, ask: &Ask<'_>) -> Result<Vec<&'s Job>, Refusal> {
    let repository = super::repository(state, ask)?;
    let jobs: Vec<&Job> = state.jobs_of(ask.route.number(0)).collect();
    let here = jobs.first().is_some_and(|job| job.repository == repository.full_name);
    if here { Ok(jobs) } else { Err(Refusal::not_found()) }
}
