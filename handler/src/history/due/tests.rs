use super::super::record::tests::record as any_record;
use super::*;
use crate::assignment::{Job, JobDetails};
use crate::reconcile::snapshot::UnfinishedRuns;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

fn task_id(job: u64) -> TaskId {
    let deployment: crate::task::DeploymentName = "gh".parse().expect("a name");
    deployment.task(job, 1)
}

fn repository() -> Repository {
    Repository::try_from("octo/app").expect("a name")
}

/// A task that ran for ten minutes.
fn ended(job: u64, minute: i64) -> EndedTask {
    EndedTask {
        id: task_id(job),
        repository: repository(),
        profile: "ubuntu".to_owned(),
        began: Some(at(minute - 10)),
        ended: at(minute),
        node: Some("tvmps_1".to_owned()),
        slots: 1,
        exit: Some(0),
    }
}

/// A job from a text like `completed gh-2`, in the run `run`.
fn job(id: u64, run: u64, state: &str) -> (u64, ListedJob) {
    let (status, runner) = state.split_once(' ').map_or((state, None), |(s, r)| (s, Some(r)));
    let ended = status == "completed";
    let details = JobDetails {
        workflow: Some("CI".into()),
        started_at: runner.map(|_| at(-5)),
        conclusion: ended.then(|| if runner.is_some() { "success" } else { "cancelled" }.into()),
    };
    let (status, runner) = (status.to_owned(), runner.map(str::to_owned));
    let listed = ListedJob {
        repository: repository(),
        created_at: at(-20),
        ended_at: ended.then(|| at(-1)),
        runner_id: None,
        job: Job { run, status, runner, labels: Vec::new() },
        details,
    };
    (id, listed)
}

/// Returns one line per record of these tasks, and the runs that were missing, given the jobs of unfinished runs.
#[track_caller]
fn outcome(
    tasks: &[EndedTask],
    jobs: &[(u64, ListedJob)],
    read: &[(u64, Vec<(u64, ListedJob)>)],
    marks: &mut Marks,
    minute: i64,
) -> String {
    // The job n belongs to the run 100 + n.
    let runs = (1..=9).map(|job| (task_id(job), (repository(), 100 + job))).collect();
    let updated = jobs.iter().map(|(_, listed)| (listed.job.run, at(0))).collect();
    let snapshot = Snapshot {
        jobs: jobs.iter().cloned().collect(),
        runs: UnfinishedRuns { updated, complete: true, ..UnfinishedRuns::default() },
        ..Snapshot::default()
    };
    let mut due = Due::new(tasks, &runs, marks, &snapshot);
    let missing: Vec<_> = due.missing_runs(marks).iter().map(|(_, run)| run.to_string()).collect();
    read.iter().for_each(|(run, jobs)| due.learn_run(*run, jobs.clone(), true));
    let records = due.records(marks, at(minute));
    let lines = records.iter().map(|one| {
        let conclusion = one.conclusion.as_deref().unwrap_or("unknown");
        format!("{}: job {} of run {} {conclusion}", one.task, one.job, one.run)
    });
    let lines: Vec<String> =
        [format!("missing: {}", missing.join(", "))].into_iter().chain(lines).collect();
    lines.join("\n")
}

#[test]
fn a_job_in_the_snapshot_needs_no_request() {
    let jobs = [job(1, 101, "completed gh-1"), job(9, 101, "in_progress gh-9")];
    let mut marks = Marks::default();
    let first = outcome(&[ended(1, 0)], &jobs, &[], &mut marks, 0);
    assert_eq!(first, "missing: \ngh-1: job 1 of run 101 success");
    assert_eq!(outcome(&[ended(1, 0)], &jobs, &[], &mut marks, 2), "missing: ", "once");
}

#[test]
fn the_jobs_of_a_run_that_has_ended_are_read() {
    let read = [(101, vec![job(1, 101, "completed gh-1")])];
    let recorded = outcome(&[ended(1, 0)], &[], &read, &mut Marks::default(), 0);
    assert_eq!(recorded, "missing: 101\ngh-1: job 1 of run 101 success");
}

#[test]
fn a_reassigned_runner_is_recorded_with_the_job_that_it_served() {
    let swapped =
        [(101, vec![job(1, 101, "completed gh-2")]), (102, vec![job(2, 102, "completed gh-1")])];
    let recorded = outcome(&[ended(1, 0), ended(2, 0)], &[], &swapped, &mut Marks::default(), 0);
    assert_eq!(
        recorded,
        "missing: 101, 102\ngh-1: job 2 of run 102 success\ngh-2: job 1 of run 101 success"
    );
    // The other runner still runs: the chain leads to the run of the job that it was made for.
    let jobs = [job(1, 101, "in_progress gh-2")];
    let recorded = outcome(&[ended(1, 0)], &jobs, &swapped[1..], &mut Marks::default(), 0);
    assert_eq!(recorded, "missing: 102\ngh-1: job 2 of run 102 success");
    // Job 1 still waits, and an earlier run saw what its runner does.
    let mut marks = Marks::default();
    marks.elsewhere.insert("gh-1".to_owned(), (repository(), 102));
    let recorded = outcome(&[ended(1, 0)], &[job(1, 101, "queued")], &swapped[1..], &mut marks, 0);
    assert_eq!(recorded, "missing: 102\ngh-1: job 2 of run 102 success");
    assert!(marks.elsewhere.is_empty());
}

#[test]
fn a_runner_without_a_job_is_recorded_as_unused() {
    let elsewhere = [(101, vec![job(1, 101, "completed")])];
    let recorded = outcome(&[ended(1, 0)], &[], &elsewhere, &mut Marks::default(), 0);
    assert_eq!(recorded, "missing: 101\ngh-1: job 1 of run 0 unused");
    let never_ran = EndedTask { began: None, node: None, exit: None, ..ended(1, 0) };
    let recorded = outcome(std::slice::from_ref(&never_ran), &[], &[], &mut Marks::default(), 0);
    assert_eq!(recorded, "missing: \ngh-1: job 1 of run 0 unused", "without a request");
    let cancelled = [job(1, 101, "completed"), job(8, 101, "queued")];
    let recorded = outcome(&[never_ran], &cancelled, &[], &mut Marks::default(), 0);
    assert_eq!(recorded, "missing: \ngh-1: job 1 of run 101 cancelled");
}

#[test]
fn unknown_facts_postpone_a_record_for_15_minutes() {
    for jobs in [vec![], vec![job(1, 101, "queued")], vec![job(1, 101, "in_progress gh-1")]] {
        let mut marks = Marks::default();
        let waits = outcome(&[ended(1, 0)], &jobs, &[], &mut marks, 14);
        assert!(!waits.contains("gh-1"), "{waits}");
        let late = outcome(&[ended(1, 0)], &jobs, &[], &mut marks, 15);
        assert!(late.ends_with("unknown"), "{late}");
        let again = outcome(&[ended(1, 0)], &jobs, &[], &mut marks, 17);
        assert!(!again.contains("gh-1"), "{again}");
    }
}

#[test]
fn each_task_is_recorded_once_in_any_number_of_runs() {
    let tasks: Vec<EndedTask> =
        (1..=9).map(|job| ended(job, i64::try_from(job).unwrap_or(0))).collect();
    let (mut marks, mut recorded) = (Marks::default(), Vec::new());
    // The list of tasks grows, is kept for two days, and loses its oldest.
    for minute in 0..3000 {
        let seen: Vec<EndedTask> = tasks
            .iter()
            .filter(|task| (task.ended..task.ended + TimeDelta::days(2)).contains(&at(minute)))
            .cloned()
            .collect();
        let runs = BTreeMap::new();
        let due = Due::new(&seen, &runs, &marks, &Snapshot::default());
        recorded.extend(due.records(&mut marks, at(minute)).into_iter().map(|record| record.task));
    }
    assert_eq!(recorded, (1..=9).map(|job| format!("gh-{job}")).collect::<Vec<_>>());
    assert!(marks.recorded.is_empty(), "the marks do not grow: {:?}", marks.recorded);
}

#[test]
fn more_tasks_than_a_run_records_are_left_to_the_next_ones() {
    let tasks: Vec<EndedTask> = (1..=500).map(|job| ended(job, 0)).collect();
    let (mut marks, mut recorded, runs) = (Marks::default(), BTreeSet::new(), BTreeMap::new());
    let mut numbers = Vec::new();
    for minute in [120, 122, 124, 126] {
        let due = Due::new(&tasks, &runs, &marks, &Snapshot::default());
        let records = due.records(&mut marks, at(minute));
        numbers.push(records.len());
        recorded.extend(records.into_iter().map(|record| record.task));
    }
    assert_eq!((numbers, recorded.len()), (vec![200, 200, 100, 0], 500));
    let line = any_record("gh-1", 1_795_000_000).line();
    assert!(line.len() * MAX_RECORDS < 4 << 20, "a run fits into a block");
}
