//! What is told, put back on the road, and swept off it.

use super::*;

#[test]
fn a_runner_that_nobody_needs_goes_when_it_has_been_idle() {
    let jobs = [(1, job("completed", UBUNTU)), (2, job("queued", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu", STARTED)];
    let idle = seen(jobs, tasks, [runner("gh-1", false), runner("gh-2", false)]);
    insta::assert_snapshot!(runs(&idle, [0, 8, 10]), @"10: deregister gh-1, of runners-ubuntu: no job needs it");
}

#[test]
fn a_registration_without_a_task_goes_after_ten_minutes() {
    let orphans = seen([], [], [runner("gh-1", false), runner("gh-2", true)]);
    insta::assert_snapshot!(runs(&orphans, [0, 8, 10]), @"10: deregister gh-1, of no task: no job needs it");
}

#[test]
fn a_started_runner_that_stays_offline_is_removed_after_fifteen_minutes() {
    let offline = |id| SeenRunner { online: false, ..runner(id, false) };
    let jobs = [(1, job("queued", UBUNTU)), (2, job("queued", UBUNTU))];
    let started = Stage::Started { at: Some(at(0)) };
    let tasks = [task("gh-1", "ubuntu", started.clone()), task("gh-2", "ubuntu", started)];
    let stuck = seen(jobs, tasks, [offline("gh-1"), runner("gh-2", false)]);
    insta::assert_snapshot!(runs(&stuck, [0, 14, 15]), @"15: deregister gh-1, of runners-ubuntu: it has been offline for 15 minutes: check the pool's route to GitHub");
}

#[test]
fn a_task_that_runs_on_without_a_registration_is_terminated_after_fifteen_minutes() {
    let started = |id, minute| task(id, "ubuntu", Stage::Started { at: Some(at(minute)) });
    let jobs = [
        (1, job("completed gh-1", UBUNTU)),
        (2, job("in_progress gh-2", UBUNTU)),
        (3, job("queued", UBUNTU)),
        (4, job("queued", UBUNTU)),
    ];
    let tasks = [started("gh-1", 0), started("gh-2", 0), started("gh-3", 10), started("gh-4", 0)];
    // gh-4 has not claimed: it may still pull its image.
    let claims = ["gh-1", "gh-2", "gh-3"].map(str::to_owned).to_vec();
    let gone = Snapshot { claims: Some(claims), ..seen(jobs, tasks, []) };
    insta::assert_snapshot!(runs(&gone, [0, 14, 15, 24, 25]), @"
    15: terminate gh-1: its runner is gone
    24: terminate gh-1: its runner is gone
    25: terminate gh-1: its runner is gone
    25: terminate gh-3: its runner is gone
    ");
}

#[test]
fn a_runner_that_is_registered_late_has_the_whole_time_to_connect() {
    let tasks = [task("gh-1", "ubuntu", Stage::Started { at: Some(at(0)) })];
    let claims = Some(vec!["gh-1".to_owned()]);
    let claiming = Snapshot { claims, ..seen([(1, job("queued", UBUNTU))], tasks, []) };
    let offline = SeenRunner { online: false, ..runner("gh-1", false) };
    let registered = Snapshot { runners: Some(vec![offline]), ..claiming.clone() };
    let mut memory = ReconcileState::default();
    let sights =
        [(0, &claiming), (9, &claiming), (10, &registered), (24, &registered), (25, &registered)];
    let repaired = sights.map(|(minute, seen)| {
        let (repairs, next) = plan(seen, &memory, &rules(), at(minute));
        memory = next;
        repairs.iter().map(line).collect::<String>()
    });
    let last = "deregister gh-1, of runners-ubuntu: it has been offline for 15 minutes: check the pool's route to GitHub";
    assert_eq!(repaired, ["", "", "", "", last]);
}

#[test]
fn an_offline_runner_that_has_a_job_or_no_started_task_stays() {
    let offline = |id, busy| SeenRunner { online: false, ..runner(id, busy) };
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
    assert_eq!(runs(&seen(jobs, tasks, runners), [0, 15, 20]), "");
}

#[test]
fn poison_goes_back_when_it_can_be_read_and_served() {
    let poison = |job: u64, profile: &str, minutes| PoisonMessage {
        handle: job.to_string(),
        since: at(minutes),
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
    let cancelled = Cancelled { job: 5, profile: "ubuntu".to_owned() };
    let hint = Some(Message::Cancelled(cancelled));
    let hint = PoisonMessage { message: hint, ..poison(5, "", 0) };
    let messages = vec![
        poison(1, "ubuntu", 0),
        poison(2, "gone", 0),
        unread,
        poison(4, "ubuntu", -1500),
        hint,
    ];
    let lying = Snapshot { poison: messages, ..seen([], [], []) };
    insta::assert_snapshot!(runs(&lying, [8, 10]), @r"
    8: drop
    8: drop
    8: alarm poison: message 1 lies among the poison, for job 1 of octo/app
    8: alarm poison: message 2 lies among the poison, for job 2 of octo/app
    8: alarm poison: message 3 lies among the poison, that this version cannot read
    8: alarm poison: message 4 lies among the poison, for job 4 of octo/app
    10: replay job 1
    10: drop
    10: drop
    ");
}

#[test]
fn a_job_that_waits_too_long_is_told_with_its_reason() {
    let jobs = [
        (1, job("queued", &["self-hosted", "gpu"])),
        (2, job("queued", UBUNTU)),
        (3, job("queued", UBUNTU)),
    ];
    let tasks = [task("gh-2", "ubuntu", Stage::Waiting), task("gh-3", "ubuntu", STARTED)];
    let full = SeenPool { nodes: 4, target: 4, ..SeenPool::default() };
    let pools = [("ubuntu".to_owned(), full)].into();
    let waiting = Snapshot { pools, ..seen(jobs, tasks, [runner("gh-3", false)]) };
    insta::assert_snapshot!(runs(&waiting, [29, 30]), @"
    30: cancel run 45: no profile in setting RunnerProfiles carries all of its labels
    30: report job 1: no profile in setting RunnerProfiles carries all of its labels
    30: report job 2: every node of pool ubuntu is taken: raise its maximum, or wait
    30: report job 3: a runner is online for it and GitHub does not assign the job: check that the runner group allows the repository, and that GitHub still supports the runner's version
    ");
}

#[test]
fn what_is_over_is_swept_away() {
    let jobs = [(1, job("completed gh-1", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", ended(0, Ending::Clean))];
    let over = Snapshot {
        claims: Some(vec!["gh-1".to_owned(), "gh-9".to_owned()]),
        ..seen(jobs, tasks, [])
    };
    insta::assert_snapshot!(runs(&over, [0, 48 * 60]), @r"
    0: delete the claims of gh-9
    2880: delete gh-1
    2880: delete the claims of gh-9
    ");
}

#[test]
fn a_runner_that_github_will_refuse_in_ten_days_is_told_of_once() {
    let release = |version: &str, days: i64| RunnerRelease {
        version: version.to_owned(),
        at: at(days * 24 * 60),
    };
    let online =
        |version: &str| SeenRunner { version: Some(version.to_owned()), ..runner("gh-1", true) };
    let jobs = [(1, job("in_progress gh-1", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", STARTED)];
    let used = |version| Snapshot {
        releases: vec![release("2.100.0", 9), release("2.99.1", 5), release("2.99.0", 0)],
        ..seen(jobs.clone(), tasks.clone(), [online(version)])
    };
    let days = || [24, 25, 26].map(|days| days * 24 * 60);
    insta::assert_snapshot!(runs(&used("2.99.0"), days()), @"36000: alarm runner-version: runner version 2.99.0 has been out of date since 1970-01-15: GitHub refuses it after 30 days, import newer images");
    assert_eq!(runs(&used("2.100.0"), days()), "");
    assert_eq!(runs(&used("a build of our own"), days()), "");
}
