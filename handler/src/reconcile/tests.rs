//! Tells, case by case, what one run repairs.

use chrono::{DateTime, TimeDelta, Utc};

use super::snapshot::{
    Ending, Failure, LedgerTask, ListedJob, PoisonMessage, RunnerRelease, SeenDelivery, SeenPool,
    SeenRunner, Stage,
};
use super::{ReconcileState, Repair, Rules, Snapshot, plan};
use crate::admission::Policy;
use crate::claim::SeenJob;
use crate::message::{Cancelled, Message, RunnerRequest};
use crate::profiles::default_profiles;
use crate::repository::{AllowedRepositories, Repository};
use crate::task::TaskId;

mod demand;
mod deliveries;
mod leftovers;

const UBUNTU: &[&str] = &["self-hosted", "ubuntu-24.04"];
const OLDER: &[&str] = &["self-hosted", "ubuntu-22.04"];

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(9) + TimeDelta::minutes(minutes)
}

fn repository() -> Repository {
    Repository::try_from("octo/app").expect("a name")
}

fn rules() -> Rules {
    Rules {
        deployment: "gh".parse().expect("a name"),
        policy: Policy {
            profiles: default_profiles("ubuntu", "windows"),
            allowed: AllowedRepositories::default(),
            public_repositories: false,
        },
        idle: TimeDelta::minutes(10),
        no_capacity: TimeDelta::minutes(30),
        keep_ended: TimeDelta::hours(48),
        cancel_unservable: true,
    }
}

fn name(task: &str) -> TaskId {
    rules().deployment.parse_task(task).expect("a name of ours")
}

/// A job of the form `in_progress gh-2`, made at minute 0.
fn job(state: &str, labels: &[&str]) -> ListedJob {
    let (status, runner) = state.split_once(' ').map_or((state, None), |(s, r)| (s, Some(r)));
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    let runner = runner.map(str::to_owned);
    let seen = SeenJob { run: 45, status: status.to_owned(), runner, labels };
    let ended_at = (status == "completed").then(|| at(0));
    ListedJob { repository: repository(), created_at: at(0), ended_at, seen }
}

fn task(id: &str, profile: &str, stage: Stage) -> LedgerTask {
    let (batch_job, profile) = (format!("runners-{profile}"), profile.to_owned());
    LedgerTask {
        id: name(id),
        batch_job,
        profile,
        pinned: Vec::new(),
        repository: repository(),
        stage,
    }
}

fn runner(id: &str, busy: bool) -> SeenRunner {
    SeenRunner {
        id: 7,
        name: name(id),
        repository: repository(),
        online: true,
        busy,
        version: None,
    }
}

fn seen(
    jobs: impl IntoIterator<Item = (u64, ListedJob)>,
    tasks: impl IntoIterator<Item = LedgerTask>,
    runners: impl IntoIterator<Item = SeenRunner>,
) -> Snapshot {
    Snapshot {
        jobs: jobs.into_iter().collect(),
        tasks: tasks.into_iter().collect(),
        runners: Some(runners.into_iter().collect()),
        all_deliveries: true,
        ..Snapshot::default()
    }
}

const STARTED: Stage = Stage::Started { at: None };

fn ended(minutes: i64, how: Ending) -> Stage {
    Stage::Ended { at: at(minutes), how }
}

/// Runs at each of these minutes upon the same sight, and writes down what each run repairs.
fn runs(seen: &Snapshot, minutes: impl IntoIterator<Item = i64>) -> String {
    let mut memory = ReconcileState::default();
    let mut lines = Vec::new();
    for minute in minutes {
        let (repairs, next) = plan(seen, &memory, &rules(), at(minute));
        memory = next;
        lines.extend(repairs.iter().map(|repair| format!("{minute}: {}", line(repair))));
    }
    lines.join("\n")
}

fn line(repair: &Repair) -> String {
    match repair {
        Repair::Request(request) => {
            format!("request gh-{}-{} on {}", request.job, request.replacement, request.profile)
        }
        Repair::Terminate { task, why, .. } => format!("terminate {task}: {why}"),
        Repair::EndWithoutRunner { task, .. } => format!("terminate {task}: its runner is gone"),
        Repair::Deregister { name, batch_job, why, .. } => {
            let task = batch_job.as_deref().unwrap_or("no task");
            format!("deregister {name}, of {task}: {why}")
        }
        Repair::Redeliver { delivery, .. } => format!("redeliver {delivery}"),
        Repair::Replay { request, .. } => format!("replay job {}", request.job),
        Repair::Drop { .. } => "drop".to_owned(),
        Repair::DeleteTask { task, .. } => format!("delete {task}"),
        Repair::DeleteClaims { task } => format!("delete the claims of {task}"),
        Repair::Cancel { run, why, .. } => format!("cancel run {run}: {why}"),
        Repair::Report { job, why, .. } => format!("report job {job}: {why}"),
        Repair::Alarm { name, text } => format!("alarm {name}: {text}"),
    }
}
