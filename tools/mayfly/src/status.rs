//! `mayfly status`: where each job stands, and what it waits for.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use handler::status::{JobStatus, LimitStatus, LostStatus, PoisonStatus, PoolStatus, StatusReport};

use crate::cli::Status;
use crate::deployment::Reached;
use crate::print;

/// Asks, and prints the answer.
pub(crate) async fn run(options: &Status) -> anyhow::Result<ExitCode> {
    let report = Reached::by(&options.deployment)?.status().await?;
    if options.json {
        print(serde_json::to_string(&report).context("write the answer")?);
    } else {
        print(text(&report).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the answer for a person: first how complete it is, then what waits, then what is wrong.
fn text(report: &StatusReport) -> String {
    let mut lines = vec![head(report)];
    lines.extend(report.jobs.iter().map(|job| of_job(job, report.at)));
    let listed = report.jobs.len();
    let all: usize = report.places.values().sum();
    if listed < all {
        lines.push(format!("… and {} jobs more", all - listed));
    }
    lines.extend(report.pools.iter().map(of_pool));
    lines.extend(report.poison.iter().map(of_message));
    lines.extend(report.lost.iter().map(of_delivery));
    if report.hooks.is_empty() {
        lines.push("no webhook can be seen: lost deliveries are not told".to_owned());
    }
    lines.extend(report.limits.iter().map(of_limit));
    lines.into_iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

fn head(report: &StatusReport) -> String {
    let count = |(place, number): (&_, &usize)| format!("{number} {}", name(place));
    let places: Vec<String> = report.places.iter().map(count).collect();
    let jobs = if places.is_empty() { "no jobs".to_owned() } else { places.join(", ") };
    let messages = match report.messages {
        Some(1) => ", 1 message".to_owned(),
        Some(number) => format!(", {number} messages"),
        None => String::new(),
    };
    let missing = match report.complete {
        true => String::new(),
        false => format!("; incomplete, not reached: {}", report.unread.join(", ")),
    };
    format!("{}: {jobs}{messages}{missing}", time(report.at))
}

fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn of_job(job: &JobStatus, now: DateTime<Utc>) -> String {
    let task = job.task.as_deref().map(|task| format!(" {task}")).unwrap_or_default();
    let why = job.waits_for.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let (place, since) = (name(&job.place), minutes(now - job.since));
    format!("job {} of {}, {since}: {place}{task}{why}", job.job, job.repository)
}

fn minutes(long: TimeDelta) -> String {
    match long.num_minutes() {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

fn of_pool(pool: &PoolStatus) -> String {
    let nodes = match (pool.nodes, pool.target) {
        (Some(nodes), Some(target)) => format!("{nodes} of {target} nodes"),
        _ => "nodes unseen".to_owned(),
    };
    let trouble = pool.trouble.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let PoolStatus { waiting, started, .. } = pool;
    format!("pool {}: {nodes}; tasks: {waiting} waiting, {started} started{trouble}", pool.pool)
}

fn of_message(message: &PoisonStatus) -> String {
    let job = match (message.job, &message.repository) {
        (Some(job), Some(repository)) => format!(" for job {job} of {repository}"),
        _ => String::new(),
    };
    format!("poison {}{job}: {}", message.handle, message.fate)
}

fn of_delivery(lost: &LostStatus) -> String {
    let given_up = if lost.given_up { ", given up" } else { "" };
    let LostStatus { hook, guid, attempts, .. } = lost;
    format!("lost delivery {guid} of {hook}: asked for again {attempts} times{given_up}")
}

fn of_limit(limit: &LimitStatus) -> String {
    let account = limit.account.as_deref().map(|of| format!(" of {of}")).unwrap_or_default();
    let until = time(limit.until);
    match (&limit.resource, limit.remaining, limit.limit) {
        (Some(resource), Some(remaining), Some(all)) => {
            format!("GitHub's limit {resource}{account}: {remaining} of {all} left until {until}")
        }
        _ => format!("GitHub has asked for a pause{account} until {until}"),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
