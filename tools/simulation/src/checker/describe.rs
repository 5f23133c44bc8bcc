//! Describes a job, a task or a runner in one line.

use std::fmt::Write;

use super::{JobRecord, Record, Scenario};
use crate::record::{Run, RunnerRecord, TaskRecord};

/// Describes a job and the tasks that were made for it.
pub(super) fn of_job(scenario: &Scenario, record: &Record, job: &JobRecord) -> String {
    let planned = &scenario.jobs[job.planned];
    let mut description = format!(
        "job {} (index {}, attempt {}) of {} [{}]",
        job.id,
        job.planned,
        job.attempt,
        planned.repository,
        planned.labels.join(", ")
    );
    for (what, at) in [
        ("ready", job.ready_at),
        ("cancellation requested", job.cancelled_at),
        ("started", job.started_at),
        ("ended", job.ended_at),
    ] {
        if let Some(at) = at {
            append(&mut description, format_args!("; {what} at {}", clock(at)));
        }
    }
    for name in &job.runners {
        append(&mut description, format_args!("; on {name}"));
    }
    for task in record.tasks.iter().filter(|task| is_for(scenario, task, job.id)) {
        append(&mut description, format_args!("; {}", of_task(task)));
    }
    description
}

/// Describes a task.
pub(super) fn of_task(task: &TaskRecord) -> String {
    let mut description =
        format!("task {} in {} from {}", task.id, task.batch_job, clock(task.added_at));
    for run in &task.runs {
        append(&mut description, format_args!(", ran {}", of_run(run)));
    }
    match task.ended_at {
        Some(at) => append(&mut description, format_args!(", ended at {}", clock(at))),
        None => description += ", unfinished",
    }
    description
}

fn of_run(run: &Run) -> String {
    let until = run.ended_at.map_or_else(|| "the end".to_owned(), clock);
    let code = run.exit_code.map_or_else(String::new, |code| format!(" with {code}"));
    format!("{} to {until}{code}", clock(run.started_at))
}

/// Describes a runner.
pub(super) fn of_runner(record: &Record, runner: &RunnerRecord) -> String {
    let mut description = format!("{} (registered at {}", runner.name, clock(runner.registered_at));
    for (what, at) in [("connected", runner.online_at), ("gone", runner.gone_at)] {
        if let Some(at) = at {
            append(&mut description, format_args!(", {what} at {}", clock(at)));
        }
    }
    if let Some(end) = runner.end {
        append(&mut description, format_args!(", {end:?}"));
    }
    description.push(')');
    for task in record.tasks.iter().filter(|task| task.id == runner.name) {
        append(&mut description, format_args!("; {}", of_task(task)));
    }
    description
}

fn is_for(scenario: &Scenario, task: &TaskRecord, job: u64) -> bool {
    scenario.deployments[task.deployment].read(&task.id).is_some_and(|id| id.job == job)
}

/// Formats a time as hours, minutes and seconds of the simulation.
pub(super) fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn append(description: &mut String, words: std::fmt::Arguments<'_>) {
    description.write_fmt(words).expect("writing to a String never fails");
}
