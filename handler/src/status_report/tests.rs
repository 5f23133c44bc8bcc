//! Tests of the phases of jobs, and of what is reported about messages and deliveries.

use chrono::{DateTime, TimeDelta, Utc};

use super::{JobStatus, MAX_JOBS, StatusInputs, StatusReport, report};
use crate::admission::Policy;
use crate::assignment::{Job, JobDetails};
use crate::message::{Message, RunnerRequest};
use crate::polling::DemandSource;
use crate::profiles::default_profiles;
use crate::reconcile::snapshot::{
    DeliveryAttempt, Ending, Failure, LedgerTask, ListedJob, PoisonMessage, PoolState,
    RegisteredRunner, Runners, Snapshot, Stage,
};
use crate::reconcile::{ReconcileState, Rules};
use crate::repository::{AllowedRepositories, Repository};
use crate::scope::Scope;

const UBUNTU: &[&str] = &["self-hosted", "ubuntu-24.04"];
const WINDOWS: &[&str] = &["self-hosted", "windows-2022"];
const STARTED: Stage = Stage::Started { at: None };

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(9) + TimeDelta::minutes(minutes)
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
        cancel_unservable: false,
        registers_by_token: false,
        registrations: 180,
    }
}

fn repository() -> Repository {
    Repository::try_from("octo/app").expect("a name")
}

/// A job from a text like `in_progress gh-2`, created at the minute of its id.
fn job(id: u64, state: &str, labels: &[&str]) -> (u64, ListedJob) {
    let (status, runner) = state.split_once(' ').map_or((state, None), |(s, r)| (s, Some(r)));
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    let runner = runner.map(str::to_owned);
    let details = Job { run: 45, status: status.to_owned(), runner, labels };
    let created_at = at(i64::try_from(id).expect("a small number"));
    let (ended_at, runner_id) = (None, None);
    (
        id,
        ListedJob {
            repository: repository(),
            created_at,
            ended_at,
            runner_id,
            job: details,
            details: JobDetails::default(),
        },
    )
}

fn task(id: &str, profile: &str, stage: Stage) -> LedgerTask {
    LedgerTask {
        id: rules().deployment.parse_task(id).expect("a name of ours"),
        batch_job: format!("runners-{profile}"),
        profile: profile.to_owned(),
        pinned: Vec::new(),
        repository: repository(),
        stage,
    }
}

fn failed(id: &str) -> LedgerTask {
    let how = Ending::Failed(Failure::Batch("ContainerInvalidImage".to_owned()));
    task(id, "ubuntu", Stage::Ended { at: at(0), how })
}

fn online(id: &str) -> RegisteredRunner {
    RegisteredRunner {
        id: 7,
        name: rules().deployment.parse_task(id).expect("a name of ours"),
        repository: repository(),
        online: true,
        busy: false,
        version: None,
        ephemeral: true,
        labels: Vec::new(),
        group: None,
    }
}

fn poison(handle: &str, job: u64, profile: &str) -> PoisonMessage {
    let request = RunnerRequest {
        job,
        run: 45,
        repository: repository(),
        profile: profile.to_owned(),
        pinned: Vec::new(),
        generation: 1,
        replacement: 1,
        requested_at: at(0),
    };
    PoisonMessage {
        handle: handle.to_owned(),
        poisoned_at: at(1),
        message: Some(Message::Request(request)),
    }
}

fn report_of(snapshot: &Snapshot) -> StatusReport {
    report(snapshot, &ReconcileState::default(), StatusInputs::default(), &rules(), at(60))
}

fn lines(report: &StatusReport) -> String {
    let line = |job: &JobStatus| {
        let phase = serde_json::to_value(job.phase).expect("a name");
        let on = job.task.as_deref().map(|task| format!(" {task}")).unwrap_or_default();
        let why = job.wait_reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{} {}{on}{why}", job.job, phase.as_str().unwrap_or_default())
    };
    report.jobs.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_waiting_job_has_a_phase_and_a_wait_reason() {
    let full = PoolState { nodes: 4, target: 4, ..PoolState::default() };
    let snapshot = Snapshot {
        jobs: [
            job(1, "queued", &["self-hosted", "gpu"]),
            job(2, "queued", UBUNTU),
            job(3, "queued", UBUNTU),
            job(4, "queued", UBUNTU),
            job(5, "queued", UBUNTU),
            job(6, "queued", UBUNTU),
            job(7, "queued", UBUNTU),
            job(8, "queued", UBUNTU),
            job(9, "waiting", UBUNTU),
            job(10, "in_progress gh-10", UBUNTU),
            job(11, "in_progress GitHub Actions 5", UBUNTU),
            job(12, "queued", &["ubuntu-latest"]),
            job(13, "completed gh-13", UBUNTU),
            job(14, "queued", &[]),
            job(15, "queued", &["self-hosted, linux"]),
            job(16, "queued", UBUNTU),
            job(17, "queued", &["linux", "x64"]),
        ]
        .into(),
        tasks: [
            ["gh-2", "gh-2-2", "gh-2-3", "gh-2-4", "gh-2-5"].map(failed).to_vec(),
            vec![
                task("gh-6", "ubuntu", Stage::Waiting),
                task("gh-7", "ubuntu", STARTED),
                task("gh-8", "ubuntu", STARTED),
                task("gh-10", "ubuntu", STARTED),
                task("gh-16", "ubuntu", Stage::Ended { at: at(59), how: Ending::NoJob }),
                task("gh-16-2", "ubuntu", Stage::Ended { at: at(60), how: Ending::NoJob }),
            ],
        ]
        .concat(),
        runners: Runners { named: vec![online("gh-8")], ..Runners::default() },
        barred: [(3, "runner group \"ours\" does not admit octo/app".to_owned())].into(),
        poison: vec![poison("m", 4, "ubuntu")],
        pools: [("ubuntu".to_owned(), full)].into(),
        ..Snapshot::default()
    };
    insta::assert_snapshot!(lines(&report_of(&snapshot)), @r#"
    9 gated: an approval, a concurrency group or another gate of GitHub
    1 unserved: no profile in setting RunnerProfiles has its label "gpu"
    2 unserved: its runners fail (ContainerInvalidImage): check stderr.txt of their tasks, and the image
    3 unserved: runner group "ours" does not admit octo/app
    14 unserved: its runs-on names a runner group and no label, so no profile is selected: add the labels of a profile, unless other runners of that group serve it
    15 unserved: its label "self-hosted, linux" is one label, which no runner has: write runs-on as a list
    4 requested: the request for its runner is poison message m
    5 requested: its runner is requested, or will be by the next run of reconciliation
    16 requested: its last runner got no job from GitHub: check that the runner group allows the repository, and that runs-on names no other group; its next runner is requested at 1970-01-10T01:03:00Z
    6 waiting-for-node gh-6: all nodes of pool ubuntu are in use: raise its maximum, or wait
    7 starting gh-7: its runner is starting on pool ubuntu
    8 waiting-for-github gh-8: a runner is online for it and GitHub does not assign the job: check that the runner group allows the repository, that runs-on names no other group, and that GitHub still supports the runner's version
    10 running gh-10
    "#);
}

#[test]
fn a_task_waits_for_a_node_for_many_reasons() {
    let why = |pools: &[(&str, PoolState)]| {
        let snapshot = Snapshot {
            jobs: [job(1, "queued", WINDOWS)].into(),
            tasks: vec![task("gh-1", "windows", Stage::Waiting)],
            pools: pools.iter().map(|(name, pool)| ((*name).to_owned(), pool.clone())).collect(),
            ..Snapshot::default()
        };
        report_of(&snapshot).jobs[0].wait_reason.clone().expect("a reason")
    };
    let sized = |nodes, target| PoolState { nodes, target, ..PoolState::default() };
    let quota =
        PoolState { resize_errors: vec!["AccountCoreQuotaReached".to_owned()], ..sized(1, 3) };
    let formula = PoolState { autoscale_error: Some("Syntax: line 3".to_owned()), ..sized(1, 1) };
    let reasons = [
        why(&[]),
        why(&[("ubuntu", sized(1, 1))]),
        why(&[("windows", quota)]),
        why(&[("windows", formula)]),
        why(&[("windows", sized(0, 0))]),
        why(&[("windows", sized(1, 3))]),
        why(&[("windows", sized(3, 3))]),
    ];
    insta::assert_snapshot!(reasons.join("\n"), @r"
    its task waits for a node of pool windows, which cannot be read: check the handler's role on the Batch account
    pool windows cannot grow (it does not exist)
    pool windows cannot grow (AccountCoreQuotaReached)
    pool windows cannot grow (Syntax: line 3)
    pool windows cannot grow (its target is 0 nodes)
    pool windows is growing: it has 1 of 3 nodes
    all nodes of pool windows are in use: raise its maximum, or wait
    ");
}

#[test]
fn poison_and_failed_deliveries_state_their_disposition() {
    let attempt = |guid: &str, id| DeliveryAttempt {
        hook: "orgs/octo/hooks/1".to_owned(),
        id,
        guid: guid.to_owned(),
        event: "workflow_job".to_owned(),
        action: Some("queued".to_owned()),
        at: at(0),
        succeeded: false,
    };
    let unreadable = PoisonMessage { handle: "x".to_owned(), poisoned_at: at(1), message: None };
    let snapshot = Snapshot {
        poison: vec![poison("readable", 1, "ubuntu"), poison("unserved", 2, "gpu"), unreadable],
        hooks: vec!["orgs/octo/hooks/1".to_owned()],
        deliveries: (1..=6).map(|id| attempt("a", id)).chain([attempt("b", 7)]).collect(),
        ..Snapshot::default()
    };
    let inputs =
        StatusInputs { unread: vec!["jobs"], messages: Some(3), ..StatusInputs::default() };
    let report = report(&snapshot, &ReconcileState::default(), inputs, &rules(), at(60));
    let json = serde_json::to_value(&report).expect("JSON");
    let part = |name: &str| json[name].as_array().cloned().unwrap_or_default();
    let lines = ["poison", "lost_deliveries"].map(part).concat();
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"disposition":"will be replayed at 1970-01-10T00:11:00Z","handle":"readable","job":1,"poisoned_at":"1970-01-10T00:01:00Z","repository":"octo/app"}
    {"disposition":"names a profile that is not in setting RunnerProfiles; will be deleted at 1970-01-11T00:00:00Z","handle":"unserved","job":2,"poisoned_at":"1970-01-10T00:01:00Z","repository":"octo/app"}
    {"disposition":"cannot be read by this version of the handler; will be deleted at 1970-01-11T00:01:00Z","handle":"x","job":null,"poisoned_at":"1970-01-10T00:01:00Z","repository":null}
    {"abandoned":true,"at":"1970-01-10T00:00:00Z","guid":"a","redeliveries":5,"webhook":"orgs/octo/hooks/1"}
    {"abandoned":false,"at":"1970-01-10T00:00:00Z","guid":"b","redeliveries":0,"webhook":"orgs/octo/hooks/1"}
    "#);
    let rest = [&json["complete"], &json["unread"], &json["messages"], &json["webhooks"]];
    assert_eq!(
        serde_json::json!(rest),
        serde_json::json!([false, ["jobs"], 3, ["orgs/octo/hooks/1"]])
    );
}

#[test]
fn the_list_of_jobs_is_limited() {
    let many = u64::try_from(MAX_JOBS).expect("a small number") + 7;
    let mut jobs: Vec<_> = (1..=many).map(|id| job(id, "queued", UBUNTU)).collect();
    jobs.push(job(0, "in_progress gh-0", UBUNTU));
    let report = report_of(&Snapshot { jobs: jobs.into_iter().collect(), ..Snapshot::default() });
    let counts: Vec<usize> = report.phases.values().copied().collect();
    assert_eq!(counts, [MAX_JOBS + 7, 1]);
    let listed: Vec<u64> = report.jobs.iter().map(|job| job.job).collect();
    assert_eq!(listed, (1..=many - 7).collect::<Vec<_>>());
}
