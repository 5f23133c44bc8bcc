//! Which jobs get a runner, and which waiting tasks end.

use super::*;

#[test]
fn a_job_that_nobody_heard_of_gets_a_runner_after_two_minutes() {
    let lost = seen([(1, job("queued", UBUNTU))], [], []);
    insta::assert_snapshot!(runs(&lost, 0..=2), @"2: request gh-1-1 on ubuntu");
}

#[test]
fn a_job_that_a_run_did_not_reach_has_waited_all_the_same() {
    let lost = seen([(1, job("queued", UBUNTU))], [], []);
    let sights = [(0, &lost), (1, &Snapshot::default()), (2, &lost)];
    let mut memory = ReconcileState::default();
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
    let partial = Snapshot { partial: true, ..whole.clone() };
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
    insta::assert_snapshot!(runs(&seen(jobs, tasks, [runner("gh-1", false)]), [0, 2, 10]), @"
    2: request gh-2-2 on ubuntu-2204
    10: request gh-2-2 on ubuntu-2204
    10: deregister gh-1, of runners-ubuntu: no job needs it
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
    let failed = |id| task(id, "ubuntu", ended(0, Ending::Failed(Failure::Exit(75))));
    let jobs = || [(1, job("queued", UBUNTU))];
    insta::assert_snapshot!(runs(&seen(jobs(), [failed("gh-1")], []), [0]), @"0: request gh-1-2 on ubuntu");
    let by_node = task("gh-1", "ubuntu", ended(0, Ending::Node));
    insta::assert_snapshot!(runs(&seen(jobs(), [by_node], []), [0]), @"0: request gh-1-2 on ubuntu");
    let five = ["gh-1", "gh-1-2", "gh-1-3", "gh-1-4", "gh-1-5"].map(failed);
    insta::assert_snapshot!(runs(&seen(jobs(), five, []), [0, 29, 30]), @"
    30: cancel run 45: its runners fail (exit code 75, no credential could be claimed): look at the tasks' stderr.txt and at the image
    30: report job 1: its runners fail (exit code 75, no credential could be claimed): look at the tasks' stderr.txt and at the image
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
fn refused_jobs_of_others_never_give_up_the_job_whose_runners_they_took() {
    let refused = |id: &str| task(id, "ubuntu", ended(0, Ending::Refused));
    let six = ["gh-1", "gh-1-2", "gh-1-3", "gh-1-4", "gh-1-5", "gh-1-6"];
    let taken = seen([(1, job("queued", UBUNTU))], six.map(refused), []);
    insta::assert_snapshot!(runs(&taken, [0, 1]), @"
    0: alarm group: task gh-1 refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which
    0: alarm group: task gh-1-2 refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which
    0: alarm group: task gh-1-3 refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which
    0: alarm group: task gh-1-4 refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which
    0: alarm group: task gh-1-5 refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which
    0: alarm group: task gh-1-6 refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which
    1: request gh-1-7 on ubuntu
    ");
}
