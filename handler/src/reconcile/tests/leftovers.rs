//! Which alerts are raised, and which messages, tasks, runners and claims are replayed or removed.

use super::*;

#[test]
fn an_unneeded_runner_is_removed_after_ten_idle_minutes() {
    let jobs = [(1, job("completed", UBUNTU)), (2, job("queued", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu", STARTED)];
    let idle = snapshot(jobs, tasks, [runner("gh-1", false), runner("gh-2", false)]);
    insta::assert_snapshot!(runs(&idle, [0, 8, 10]), @"10: deregister gh-1, of runners-ubuntu: no job needs it");
}

#[test]
fn a_registration_without_a_task_is_removed_after_ten_minutes() {
    let orphans = snapshot([], [], [runner("gh-1", false), runner("gh-2", true)]);
    insta::assert_snapshot!(runs(&orphans, [0, 8, 10]), @"10: deregister gh-1, of no task: no job needs it");
}

#[test]
fn a_started_runner_is_removed_after_fifteen_minutes_offline() {
    let offline = |id| RegisteredRunner { online: false, ..runner(id, false) };
    let jobs = [(1, job("queued", UBUNTU)), (2, job("queued", UBUNTU))];
    let started = Stage::Started { at: Some(at(0)) };
    let tasks = [task("gh-1", "ubuntu", started.clone()), task("gh-2", "ubuntu", started)];
    let disconnected = snapshot(jobs, tasks, [offline("gh-1"), runner("gh-2", false)]);
    insta::assert_snapshot!(runs(&disconnected, [0, 14, 15]), @"15: deregister gh-1, of runners-ubuntu: it has been offline for 15 minutes: check the pool's route to GitHub");
}

#[test]
fn a_task_is_terminated_after_fifteen_minutes_without_runner() {
    let started = |id, minute| task(id, "ubuntu", Stage::Started { at: Some(at(minute)) });
    let jobs = [
        (1, job("completed gh-1", UBUNTU)),
        (2, job("in_progress gh-2", UBUNTU)),
        (3, job("queued", UBUNTU)),
        (4, job("queued", UBUNTU)),
    ];
    let tasks = [started("gh-1", 0), started("gh-2", 0), started("gh-3", 10), started("gh-4", 0)];
    // gh-4 has not claimed: it may still pull its image.
    let claims = claims(&["gh-1", "gh-2", "gh-3"]);
    let gone = Snapshot { claims, ..snapshot(jobs, tasks, []) };
    insta::assert_snapshot!(runs(&gone, [0, 4, 5, 14, 15, 25]), @"
    5: terminate gh-1: after its job
    14: terminate gh-1: after its job
    15: terminate gh-1: after its job
    25: terminate gh-1: after its job
    25: terminate gh-3: no runner
    ");
}

#[test]
fn a_runner_registered_late_has_the_whole_time_to_connect() {
    let tasks = [task("gh-1", "ubuntu", Stage::Started { at: Some(at(0)) })];
    let claims = claims(&["gh-1"]);
    let claiming = Snapshot { claims, ..snapshot([(1, job("queued", UBUNTU))], tasks, []) };
    let offline = RegisteredRunner { online: false, ..runner("gh-1", false) };
    let registered = Snapshot { runners: listed([offline]), ..claiming.clone() };
    let mut state = ReconcileState::default();
    let snapshots =
        [(0, &claiming), (9, &claiming), (10, &registered), (24, &registered), (25, &registered)];
    let repaired = snapshots.map(|(minute, snapshot)| {
        let (repairs, next) = plan(snapshot, &state, &rules(), at(minute));
        state = next;
        repairs.iter().map(line).collect::<String>()
    });
    let last = "deregister gh-1, of runners-ubuntu: it has been offline for 15 minutes: check the pool's route to GitHub";
    assert_eq!(repaired, ["", "", "", "", last]);
}

#[test]
fn an_offline_runner_with_a_job_or_a_waiting_task_stays() {
    let offline = |id, busy| RegisteredRunner { online: false, ..runner(id, busy) };
    let jobs = [
        (1, job("in_progress gh-1", UBUNTU)),
        (2, job("in_progress gh-2", UBUNTU)),
        (3, job("queued", UBUNTU)),
    ];
    let tasks = [
        task("gh-1", "ubuntu", STARTED),
        task("gh-2", "ubuntu", STARTED),
        task("gh-3", "ubuntu", Stage::Waiting),
    ];
    let runners = [offline("gh-1", true), offline("gh-2", false), offline("gh-3", false)];
    assert_eq!(runs(&snapshot(jobs, tasks, runners), [0, 15, 20]), "");
}

#[test]
fn a_poison_message_is_replayed_if_it_can_be_served() {
    let poison = |job: u64, profile: &str, minutes| PoisonMessage {
        handle: job.to_string(),
        poisoned_at: at(minutes),
        message: Some(Message::Request(RunnerRequest {
            job,
            run: 45,
            repository: repository(),
            profile: profile.to_owned(),
            pinned: Vec::new(),
            replacement: 1,
            requested_at: at(minutes),
            generation: 1,
        })),
    };
    let unread = PoisonMessage { message: None, ..poison(3, "", 0) };
    let cancelled = Cancelled { job: 5, repository: repository(), profile: "ubuntu".to_owned() };
    let event = Some(Message::Cancelled(cancelled));
    let event = PoisonMessage { message: event, ..poison(5, "", 0) };
    let messages = vec![
        poison(1, "ubuntu", 0),
        poison(2, "gone", 0),
        unread,
        poison(4, "ubuntu", -1500),
        event,
    ];
    let poisoned = Snapshot { poison: messages, ..snapshot([], [], []) };
    insta::assert_snapshot!(runs(&poisoned, [8, 10]), @r"
    8: delete poison
    8: delete poison
    8: alert poison: message 1 became poison: it requests a runner for job 1 of octo/app
    8: alert poison: message 2 became poison: it requests a runner for job 2 of octo/app
    8: alert poison: message 3 became poison: this version of the handler cannot read it
    8: alert poison: message 4 became poison: it requests a runner for job 4 of octo/app
    10: replay job 1
    10: delete poison
    10: delete poison
    ");
}

#[test]
fn a_job_that_waits_too_long_is_reported_with_the_reason() {
    let jobs = [
        (1, job("queued", &["self-hosted", "gpu"])),
        (2, job("queued", UBUNTU)),
        (3, job("queued", UBUNTU)),
    ];
    let tasks = [task("gh-2", "ubuntu", Stage::Waiting), task("gh-3", "ubuntu", STARTED)];
    let full = PoolState { nodes: 4, target: 4, ..PoolState::default() };
    let pools = [("ubuntu".to_owned(), full)].into();
    let waiting = Snapshot { pools, ..snapshot(jobs, tasks, [runner("gh-3", false)]) };
    insta::assert_snapshot!(runs(&waiting, [0, 29, 30]), @r#"
    30: cancel run 45: no profile in setting RunnerProfiles has its label "gpu"
    30: report job 1: no profile in setting RunnerProfiles has its label "gpu"
    30: report job 2: all nodes of pool ubuntu are in use: raise its maximum, or wait
    30: report job 3: a runner is online for it and GitHub does not assign the job: check that the runner group allows the repository, that runs-on names no other group, and that GitHub still supports the runner's version
    "#);
}

#[test]
fn a_pool_that_runs_two_jobs_with_an_engine_on_a_node_is_reported() {
    let mut rules = rules();
    rules.policy.profiles.truncate(1);
    rules.policy.profiles[0].docker = true;
    let alerts = |rules: &Rules, slots: u32| {
        let pools = [("Ubuntu".to_owned(), PoolState { slots, ..PoolState::default() })].into();
        let crowded = Snapshot { pools, ..snapshot([], [], []) };
        let (first, state) = plan(&crowded, &ReconcileState::default(), rules, at(0));
        let (second, _) = plan(&crowded, &state, rules, at(2));
        assert_eq!(second, []);
        first
    };
    assert_eq!(alerts(&rules, 1), []);
    let text = "profile ubuntu has docker, and its pool ubuntu runs 4 of its jobs on a node at the same time, which could reach each other: use a pool with one task slot a node";
    assert_eq!(alerts(&rules, 4), [Repair::Alert { name: "settings", text: text.to_owned() }]);
    rules.policy.profiles[0].slots = 4;
    assert_eq!(alerts(&rules, 4), []);
    rules.policy.profiles[0].docker = false;
    assert_eq!(alerts(&rules, 8), []);
}

#[test]
fn ended_tasks_and_their_claims_are_deleted() {
    let jobs = [(1, job("completed gh-1", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", ended(0, Ending::Clean))];
    let over = Snapshot { claims: claims(&["gh-1", "gh-9"]), ..snapshot(jobs, tasks, []) };
    insta::assert_snapshot!(runs(&over, [0, 48 * 60]), @r"
    0: delete the claims of gh-9
    2880: delete gh-1
    2880: delete the claims of gh-9
    ");
}

#[test]
fn an_outdated_runner_version_raises_one_alert() {
    let release = |version: &str, days: i64| RunnerRelease {
        version: version.to_owned(),
        at: at(days * 24 * 60),
    };
    let online = |version: &str| RegisteredRunner {
        version: Some(version.to_owned()),
        ..runner("gh-1", true)
    };
    let jobs = [(1, job("in_progress gh-1", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", STARTED)];
    let used = |version| Snapshot {
        releases: vec![release("2.100.0", 9), release("2.99.1", 5), release("2.99.0", 0)],
        ..snapshot(jobs.clone(), tasks.clone(), [online(version)])
    };
    let days = || [24, 25, 26].map(|days| days * 24 * 60);
    insta::assert_snapshot!(runs(&used("2.99.0"), days()), @"36000: alert runner-version: runner version 2.99.0 has been outdated since 1970-01-15: GitHub rejects it after 30 days, import newer images");
    assert_eq!(runs(&used("2.100.0"), days()), "");
    assert_eq!(runs(&used("a custom build"), days()), "");
}
