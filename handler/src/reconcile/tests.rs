//! Tells, case by case, what one run repairs.

use chrono::{DateTime, TimeDelta, Utc};

use super::seen::{
    Ending, LedgerTask, ListedJob, PoisonMessage, RunnerRelease, SeenDelivery, SeenPool,
    SeenRunner, Stage,
};
use super::{Memory, Repair, Rules, Seen, plan};
use crate::admission::Policy;
use crate::claim::SeenJob;
use crate::message::{Cancelled, Message, RunnerRequest};
use crate::profiles::default_profiles;
use crate::repository::{AllowedRepositories, Repository};
use crate::task::TaskId;

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
    rules().deployment.read(task).expect("a name of ours")
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
) -> Seen {
    Seen {
        jobs: jobs.into_iter().collect(),
        tasks: tasks.into_iter().collect(),
        runners: Some(runners.into_iter().collect()),
        deliveries: Some(Vec::new()),
        ..Seen::default()
    }
}

const STARTED: Stage = Stage::Started { at: None };

fn ended(minutes: i64, how: Ending) -> Stage {
    Stage::Ended { at: at(minutes), how }
}

/// Runs at each of these minutes upon the same sight, and writes down what each run repairs.
fn runs(seen: &Seen, minutes: impl IntoIterator<Item = i64>) -> String {
    let mut memory = Memory::default();
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
        Repair::Deregister { name, batch_job, .. } => {
            format!("deregister {name}, of {}", batch_job.as_deref().unwrap_or("no task"))
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

#[test]
fn a_job_that_nobody_heard_of_gets_a_runner_after_two_minutes() {
    let lost = seen([(1, job("queued", UBUNTU))], [], []);
    insta::assert_snapshot!(runs(&lost, 0..=2), @"2: request gh-1-1 on ubuntu");
}

#[test]
fn a_job_that_a_run_did_not_reach_has_waited_all_the_same() {
    let lost = seen([(1, job("queued", UBUNTU))], [], []);
    let sights = [(0, &lost), (1, &Seen::default()), (2, &lost)];
    let mut memory = Memory::default();
    let repaired = sights.map(|(minute, seen)| {
        let (repairs, next) = plan(seen, &memory, &rules(), at(minute));
        memory = next;
        repairs.iter().map(line).collect::<String>()
    });
    assert_eq!(repaired, ["", "", "request gh-1-1 on ubuntu"]);
}

#[test]
fn a_thief_without_a_task_leaves_the_job_of_the_runner_that_it_took_uncovered() {
    let jobs = [(1, job("queued", UBUNTU)), (2, job("in_progress gh-1", UBUNTU))];
    let stolen = seen(jobs, [task("gh-1", "ubuntu", STARTED)], [runner("gh-1", true)]);
    insta::assert_snapshot!(runs(&stolen, 0..=2), @"2: request gh-1-2 on ubuntu");
}

#[test]
fn a_job_whose_runner_served_another_waits_until_every_run_was_reached() {
    let ended = task("gh-1", "ubuntu", ended(0, Ending::Clean));
    let whole = seen([(1, job("queued", UBUNTU))], [ended], []);
    let partial = Seen { partial: true, ..whole.clone() };
    insta::assert_snapshot!(runs(&partial, 0..=4), @"");
    insta::assert_snapshot!(runs(&whole, 0..=2), @"2: request gh-1-2 on ubuntu");
}

#[test]
fn two_runners_that_took_each_others_jobs_need_nothing() {
    let jobs = [(1, job("queued", UBUNTU)), (2, job("in_progress gh-1", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu", Stage::Waiting)];
    assert_eq!(runs(&seen(jobs, tasks, [runner("gh-1", true)]), 0..20), "");
}

#[test]
fn a_waiting_task_is_judged_by_its_walk() {
    let jobs = [
        (1, job("completed gh-2", UBUNTU)),
        (2, job("queued", UBUNTU)),
        (3, job("completed", UBUNTU)),
        (4, job("waiting", UBUNTU)),
    ];
    let waiting = |id| task(id, "ubuntu", Stage::Waiting);
    let tasks = ["gh-1", "gh-3", "gh-4", "gh-5"].map(waiting);
    insta::assert_snapshot!(runs(&seen(jobs, tasks, []), [0]), @r"
    0: terminate gh-3: the job ended without a runner
    0: terminate gh-4: the job waits behind a gate
    ");
}

#[test]
fn a_task_of_a_closed_batch_job_ends_when_another_has_served() {
    let tasks = |other| [task("gh-1", "ubuntu", Stage::Stranded), task("gh-1-2", "ubuntu", other)];
    let waiting = seen([(1, job("queued", UBUNTU))], tasks(Stage::Waiting), []);
    assert_eq!(runs(&waiting, [0]), "");
    let served = [(1, job("completed gh-1-2", UBUNTU))];
    let served = seen(served, tasks(ended(0, Ending::Clean)), []);
    insta::assert_snapshot!(runs(&served, [0]), @"0: terminate gh-1: the job has its runner");
}

#[test]
fn a_way_that_goes_round_ends_a_waiting_task() {
    let jobs = [
        (1, job("completed gh-2-2", UBUNTU)),
        (2, job("in_progress gh-1-2", UBUNTU)),
        (3, job("completed gh-1", UBUNTU)),
    ];
    let waiting = task("gh-3", "ubuntu", Stage::Waiting);
    let round = seen(jobs, [waiting], []);
    insta::assert_snapshot!(runs(&round, [0]), @"0: terminate gh-3: the job has its runner");
}

#[test]
fn a_registered_runner_of_another_profile_covers_nothing() {
    let jobs = [(1, job("completed gh-2", UBUNTU)), (2, job("queued", OLDER))];
    let tasks =
        [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu-2204", ended(0, Ending::Clean))];
    insta::assert_snapshot!(runs(&seen(jobs, tasks, [runner("gh-1", false)]), [0, 2, 10]), @r"
    2: request gh-2-2 on ubuntu-2204
    10: request gh-2-2 on ubuntu-2204
    10: deregister gh-1, of runners-ubuntu
    ");
}

#[test]
fn a_job_does_not_wait_for_room_in_another_pool() {
    let jobs = || [(1, job("in_progress gh-2", UBUNTU)), (2, job("queued", OLDER))];
    let own = || task("gh-2", "ubuntu-2204", STARTED);
    let waiting = [task("gh-1", "ubuntu", Stage::Waiting), own()];
    insta::assert_snapshot!(runs(&seen(jobs(), waiting, [runner("gh-2", true)]), 0..=2), @"2: request gh-2-2 on ubuntu-2204");
    let claiming = [task("gh-1", "ubuntu", STARTED), own()];
    assert_eq!(runs(&seen(jobs(), claiming, [runner("gh-2", true)]), 0..=2), "");
}

#[test]
fn a_failed_runner_is_replaced_at_once_and_five_times_at_most() {
    let failed = |id| task(id, "ubuntu", ended(0, Ending::Failed("75".to_owned())));
    let jobs = || [(1, job("queued", UBUNTU))];
    insta::assert_snapshot!(runs(&seen(jobs(), [failed("gh-1")], []), [0]), @"0: request gh-1-2 on ubuntu");
    let by_node = task("gh-1", "ubuntu", ended(0, Ending::Node));
    insta::assert_snapshot!(runs(&seen(jobs(), [by_node], []), [0]), @"0: request gh-1-2 on ubuntu");
    let five = ["gh-1", "gh-1-2", "gh-1-3", "gh-1-4", "gh-1-5"].map(failed);
    insta::assert_snapshot!(runs(&seen(jobs(), five, []), [0, 29, 30]), @r"
    30: cancel run 45: its runners fail (75): look at the tasks' stderr.txt and at the image
    30: report job 1: its runners fail (75): look at the tasks' stderr.txt and at the image
    ");
}

#[test]
fn a_runner_that_got_no_job_is_replaced_after_a_growing_pause() {
    let in_vain = |id| task(id, "ubuntu", ended(0, Ending::NoJob));
    let jobs = || [(1, job("queued", UBUNTU))];
    insta::assert_snapshot!(runs(&seen(jobs(), [in_vain("gh-1")], []), 0..=1), @"1: request gh-1-2 on ubuntu");
    let twice = [in_vain("gh-1"), in_vain("gh-1-2")];
    insta::assert_snapshot!(runs(&seen(jobs(), twice, []), 0..=3), @"3: request gh-1-3 on ubuntu");
}

#[test]
fn a_runner_that_nobody_needs_goes_when_it_has_been_idle() {
    let jobs = [(1, job("completed", UBUNTU)), (2, job("queued", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu", STARTED)];
    let idle = seen(jobs, tasks, [runner("gh-1", false), runner("gh-2", false)]);
    insta::assert_snapshot!(runs(&idle, [0, 8, 10]), @"10: deregister gh-1, of runners-ubuntu");
}

#[test]
fn a_registration_without_a_task_goes_after_ten_minutes() {
    let orphans = seen([], [], [runner("gh-1", false), runner("gh-2", true)]);
    insta::assert_snapshot!(runs(&orphans, [0, 8, 10]), @"10: deregister gh-1, of no task");
}

#[test]
fn a_lost_delivery_is_asked_for_again_five_times() {
    let attempt = |id, guid: &str, minutes, succeeded| SeenDelivery {
        hook: "orgs/octo/hooks/1".to_owned(),
        id,
        guid: guid.to_owned(),
        event: ("workflow_job".to_owned(), Some("queued".to_owned())),
        at: at(minutes),
        succeeded,
    };
    let deliveries = vec![
        attempt(3, "a", 2, true),
        attempt(2, "b", 1, false),
        attempt(1, "a", 0, false),
        attempt(0, "c", -24 * 60, false),
    ];
    let mut lost = Seen { deliveries: Some(deliveries), ..seen([], [], []) };
    let mut memory = Memory::default();
    let mut said = Vec::new();
    for minutes in (2..200).step_by(2) {
        let (repairs, next) = plan(&lost, &memory, &rules(), at(minutes));
        memory = next;
        for repair in &repairs {
            said.push(format!("{minutes}: {}", line(repair)));
            // GitHub refuses the third time.
            if let Repair::Redeliver { delivery, .. } = repair
                && minutes != 8
            {
                let again = attempt(delivery + 10, "b", minutes, false);
                lost.deliveries.as_mut().expect("a list").push(again);
            }
        }
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    2: redeliver 2
    4: redeliver 12
    8: redeliver 22
    10: redeliver 22
    18: redeliver 32
    34: redeliver 42
    36: alarm delivery: delivery b of orgs/octo/hooks/1 was lost 5 times more: its page on GitHub shows what the function answers
    ");
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
    let lying = Seen { poison: messages, ..seen([], [], []) };
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
    let waiting = Seen { pools, ..seen(jobs, tasks, [runner("gh-3", false)]) };
    insta::assert_snapshot!(runs(&waiting, [29, 30]), @r"
    30: cancel run 45: no profile in setting RunnerProfiles carries all of its labels
    30: report job 1: no profile in setting RunnerProfiles carries all of its labels
    30: report job 2: every node of pool ubuntu is taken: raise its maximum, or wait
    30: report job 3: a runner waits for it, and GitHub does not bring them together: check that the runner group allows the repository
    ");
}

#[test]
fn what_is_over_is_swept_away() {
    let jobs = [(1, job("completed gh-1", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", ended(0, Ending::Clean))];
    let over =
        Seen { claims: Some(vec!["gh-1".to_owned(), "gh-9".to_owned()]), ..seen(jobs, tasks, []) };
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
    let used = |version| Seen {
        releases: vec![release("2.100.0", 9), release("2.99.1", 5), release("2.99.0", 0)],
        ..seen(jobs.clone(), tasks.clone(), [online(version)])
    };
    let days = || [24, 25, 26].map(|days| days * 24 * 60);
    insta::assert_snapshot!(runs(&used("2.99.0"), days()), @"36000: alarm runner-version: runner version 2.99.0 has been out of date since 1970-01-15: GitHub refuses it after 30 days, import newer images");
    assert_eq!(runs(&used("2.100.0"), days()), "");
    assert_eq!(runs(&used("a build of our own"), days()), "");
}
