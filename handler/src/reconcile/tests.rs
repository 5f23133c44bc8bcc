//! Checks the repairs of one run, case by case.

use chrono::{DateTime, TimeDelta, Utc};

use super::snapshot::{
    DeliveryAttempt, Ending, Failure, Job, LedgerTask, Level, ListedJob, PoisonMessage, PoolState,
    RegisteredRunner, RunnerRelease, Runners, Stage, StoredClaim,
};
use super::{Absence, PauseChange, ReconcileState, Repair, Rules, Snapshot, plan};
use crate::admission::Policy;
use crate::assignment::JobDetails;
use crate::message::{Cancelled, Message, RunnerRequest};
use crate::polling::DemandSource;
use crate::profiles::default_profiles;
use crate::repository::{AllowedRepositories, Repository};
use crate::scope::Scope;
use crate::task::TaskId;

mod ages;
mod demand;
mod deliveries;
mod leftovers;
mod ownership;
mod outlived;
mod pauses;
mod others;
mod refused_claims;
mod polling;
mod transfers;

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
        scope: Scope::Repository,
        policy: Policy {
            profiles: default_profiles("ubuntu", "windows"),
            allowed: AllowedRepositories::parse("*/*").expect("a pattern"),
            public_repositories: false,
        },
        demand: DemandSource::Webhook,
        period: TimeDelta::minutes(2),
        idle: TimeDelta::minutes(10),
        no_capacity: TimeDelta::minutes(30),
        keep_ended: TimeDelta::hours(48),
        cancel_unservable: true,
        registers_by_token: false,
        registrations: 180,
    }
}

fn name(task: &str) -> TaskId {
    rules().deployment.parse_task(task).expect("a name of this deployment")
}

/// Reads a job of the form `in_progress gh-2`, created at minute 0.
fn job(state: &str, labels: &[&str]) -> ListedJob {
    let (status, runner) = state.split_once(' ').map_or((state, None), |(s, r)| (s, Some(r)));
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    let runner = runner.map(str::to_owned);
    let job = Job { run: 45, status: status.to_owned(), runner, labels };
    let ended_at = (status == "completed").then(|| at(0));
    ListedJob {
        repository: repository(),
        created_at: at(0),
        ended_at,
        runner_id: None,
        job,
        details: JobDetails::default(),
    }
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

fn runner(id: &str, busy: bool) -> RegisteredRunner {
    RegisteredRunner {
        id: 7,
        name: name(id),
        repository: repository(),
        online: true,
        busy,
        version: None,
        ephemeral: true,
        labels: Vec::new(),
        group: None,
    }
}

fn snapshot(
    jobs: impl IntoIterator<Item = (u64, ListedJob)>,
    tasks: impl IntoIterator<Item = LedgerTask>,
    runners: impl IntoIterator<Item = RegisteredRunner>,
) -> Snapshot {
    let runners = listed(runners);
    let names: Vec<String> = runners.named.iter().map(|runner| runner.name.to_string()).collect();
    Snapshot {
        jobs: jobs.into_iter().collect(),
        tasks: tasks.into_iter().collect(),
        claims: claims(&names),
        runners,
        all_deliveries: true,
        ..Snapshot::default()
    }
}

/// Returns these runners, from complete lists.
fn listed(runners: impl IntoIterator<Item = RegisteredRunner>) -> Runners {
    let read = Level::serving(&rules().scope, &repository());
    Runners { named: runners.into_iter().collect(), read, ..Runners::default() }
}

/// Returns a claim of each of these tasks.
fn claims(tasks: &[impl AsRef<str>]) -> Option<Vec<StoredClaim>> {
    let claim = |task: &_| StoredClaim {
        task: AsRef::<str>::as_ref(task).to_owned(),
        blob: format!("claims/{}/1", AsRef::<str>::as_ref(task)),
        runner: None,
        minted: None,
        level: None,
    };
    Some(tasks.iter().map(claim).collect())
}

const STARTED: Stage = Stage::Started { at: None };

fn ended(minutes: i64, how: Ending) -> Stage {
    Stage::Ended { at: at(minutes), how }
}

/// Runs at each of these minutes on the same snapshot, and lists the repairs of each run.
fn runs(snapshot: &Snapshot, minutes: impl IntoIterator<Item = i64>) -> String {
    let mut state = ReconcileState::default();
    let mut lines = Vec::new();
    for minute in minutes {
        let (repairs, next) = plan(snapshot, &state, &rules(), at(minute));
        state = next;
        lines.extend(repairs.iter().map(|repair| format!("{minute}: {}", line(repair))));
    }
    lines.join("\n")
}

fn line(repair: &Repair) -> String {
    match repair {
        Repair::Request(request) => {
            format!("request gh-{}-{} on {}", request.job, request.replacement, request.profile)
        }
        Repair::Terminate { task, reason, .. } => format!("terminate {task}: {reason}"),
        Repair::EndWithoutRunner { task, absence: Absence::NeverConnected, .. } => {
            format!("terminate {task}: no runner")
        }
        Repair::EndWithoutRunner { task, absence: Absence::AfterItsJob, .. } => {
            format!("terminate {task}: after its job")
        }
        Repair::Deregister { name, batch_job, reason, .. } => {
            let task = batch_job.as_deref().unwrap_or("no task");
            format!("deregister {name}, of {task}: {reason}")
        }
        Repair::Redeliver { delivery, .. } => format!("redeliver {delivery}"),
        Repair::Replay { request, .. } => format!("replay job {}", request.job),
        Repair::DeletePoison { .. } => "delete poison".to_owned(),
        Repair::DeleteTask { task, .. } => format!("delete {task}"),
        Repair::DeleteClaims { task, .. } => format!("delete the claims of {task}"),
        Repair::RemoveNodes { pool, nodes, .. } => format!("remove {nodes:?} of {pool}"),
        Repair::RestoreSize { pool, size } => format!("restore {size:?} of {pool}"),
        Repair::Pause(PauseChange::Disable(batch_job)) => format!("disable {batch_job}"),
        Repair::Pause(PauseChange::Enable(batch_job)) => format!("enable {batch_job}"),
        Repair::Pause(PauseChange::Forget { profile }) => format!("forget the pause of {profile}"),
        Repair::Cancel { run, reason, .. } => format!("cancel run {run}: {reason}"),
        Repair::ReportWaiting { job, reason, .. } => format!("report job {job}: {reason}"),
        Repair::Alert { name, text } => format!("alert {name}: {text}"),
    }
}
