//! `mayfly status`: the phase of each job and the reason why it waits.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use handler::pipelines::jobs::PipelinesJob;
use handler::polling::PollingCost;
use handler::status_report::{
    JobStatus, LostDelivery, PausedProfile, PoisonStatus, PoolStatus, RateLimit, StatusReport,
};

use crate::cli::Status;
use crate::client::DeploymentClient;
use crate::{print, web};

/// Requests the status and prints it. Fails if GitHub refused the credential, so that the report says little.
pub(crate) async fn run(options: &Status) -> anyhow::Result<ExitCode> {
    let client = DeploymentClient::new(&options.deployment)?;
    if options.web {
        return web::serve(client, options.listen).await;
    }
    let report = client.status().await?;
    if options.json {
        print(serde_json::to_string(&report).context("serialize the response")?);
    } else {
        print(text(&report).trim_end());
    }
    Ok(if report.refused.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Formats the status as text: completeness, jobs and pools, then failures and limits.
fn text(report: &StatusReport) -> String {
    let mut lines = vec![head(report)];
    lines.extend(report.refused.clone());
    lines.extend(report.jobs.iter().map(|job| job_line(job, report.at)));
    let listed = report.jobs.len();
    let all: usize = report.phases.values().sum();
    if listed < all {
        lines.push(format!("… and {} more jobs", all - listed));
    }
    lines.extend(report.pipelines.iter().map(|job| pipelines_line(job, report.at)));
    lines.extend(report.service_hooks.clone());
    lines.extend(report.paused.iter().map(paused_line));
    lines.extend(report.pools.iter().map(pool_line));
    lines.extend(report.poison.iter().map(poison_line));
    lines.extend(report.lost_deliveries.iter().map(delivery_line));
    lines.extend(report.polling.as_ref().map(polling_line));
    if report.webhooks.is_empty() && report.polling.is_none() {
        lines.push("no webhook can be seen: lost deliveries are not reported".to_owned());
    }
    lines.extend(report.limits.iter().map(limit_line));
    lines.into_iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

fn polling_line(cost: &PollingCost) -> String {
    let PollingCost { repositories, max_repositories, period_seconds, .. } = cost;
    let (lists, max) = (cost.lists_per_minute, cost.max_lists_per_minute);
    let of = format!("{repositories} of at most {max_repositories} repositories");
    format!(
        "polling {of} every {period_seconds} s: {lists} of at most {max} lists a minute; unchanged ones do not count against the hour"
    )
}

fn head(report: &StatusReport) -> String {
    let count = |(phase, number): (&_, &usize)| format!("{number} {}", name(phase));
    let phases: Vec<String> = report.phases.iter().map(count).collect();
    let jobs = match phases.is_empty() {
        true if report.refused.is_some() => "jobs unknown".to_owned(),
        true => "no jobs".to_owned(),
        false => phases.join(", "),
    };
    let messages = match report.messages {
        Some(1) => ", 1 message".to_owned(),
        Some(number) => format!(", {number} messages"),
        None => String::new(),
    };
    let missing = match report.complete {
        true => String::new(),
        false => format!("; incomplete, not reached: {}", report.unread.join(", ")),
    };
    let cached = match report.cached {
        true => " (cached: a new report is collected every 10 s)",
        false => "",
    };
    format!("{}{cached}: {jobs}{messages}{missing}", time(report.at))
}

fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn job_line(job: &JobStatus, now: DateTime<Utc>) -> String {
    let task = job.task.as_deref().map(|task| format!(" {task}")).unwrap_or_default();
    let reason = job.wait_reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let (phase, age) = (name(&job.phase), age(now - job.created_at));
    format!("job {} of {}, {age}: {phase}{task}{reason}", job.job, job.repository)
}

fn pipelines_line(job: &PipelinesJob, now: DateTime<Utc>) -> String {
    let age = job.queued_at.map(|queued| format!(", {}", age(now - queued))).unwrap_or_default();
    let runs = job.agent.as_ref().map(|agent| format!("runs on {agent}"));
    let phase = runs.or_else(|| job.wait_reason.clone()).unwrap_or_default();
    format!("job request {} of {} ({}){age}: {phase}", job.request, job.pipeline, job.job)
}

fn age(duration: TimeDelta) -> String {
    match duration.num_minutes() {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

fn paused_line(paused: &PausedProfile) -> String {
    let PausedProfile { profile, at, who, why } = paused;
    format!("profile {profile} is paused since {} by {who}: {why}", time(*at))
}

fn pool_line(pool: &PoolStatus) -> String {
    let nodes = match (pool.nodes, pool.target) {
        (Some(nodes), Some(target)) => format!("{nodes} of {target} nodes{}", states(pool)),
        _ => "nodes unknown".to_owned(),
    };
    let error = pool.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let PoolStatus { pending_tasks, running_tasks, .. } = pool;
    format!(
        "pool {}: {nodes}; tasks: {pending_tasks} pending, {running_tasks} running{error}",
        pool.pool
    )
}

/// Returns the nodes by Batch's states, such as ` (3 idle, 1 running)`.
fn states(pool: &PoolStatus) -> String {
    let states = pool.node_states.iter().flatten();
    let states = states.map(|(state, nodes)| format!("{nodes} {state}")).collect::<Vec<_>>();
    if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) }
}

fn poison_line(message: &PoisonStatus) -> String {
    let job = match (message.job, &message.repository) {
        (Some(job), Some(repository)) => format!(" for job {job} of {repository}"),
        _ => String::new(),
    };
    format!("poison {}{job}: {}", message.handle, message.disposition)
}

fn delivery_line(lost: &LostDelivery) -> String {
    let abandoned = if lost.abandoned { ", abandoned" } else { "" };
    let LostDelivery { webhook, guid, redeliveries, .. } = lost;
    format!("lost delivery {guid} of {webhook}: redelivered {redeliveries} times{abandoned}")
}

fn limit_line(limit: &RateLimit) -> String {
    let account =
        limit.account.as_deref().map(|account| format!(" of {account}")).unwrap_or_default();
    let resets_at = time(limit.resets_at);
    match (&limit.resource, limit.remaining, limit.limit) {
        (Some(resource), Some(remaining), Some(all)) => {
            format!(
                "GitHub rate limit {resource}{account}: {remaining} of {all} remaining, resets at {resets_at}"
            )
        }
        _ => format!("GitHub requested a pause{account} until {resets_at}"),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
