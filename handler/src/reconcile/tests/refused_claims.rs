//! Which job's runner tries whether GitHub accepts claims again.

use super::*;
use crate::refused_claims::RefusedClaims;

const WINDOWS: &[&str] = &["self-hosted", "windows-2022"];

/// Returns these jobs and tasks while the claims of their account are refused, since minute 0.
fn refused(
    jobs: impl IntoIterator<Item = (u64, ListedJob)>,
    tasks: impl IntoIterator<Item = LedgerTask>,
) -> Snapshot {
    refused_for("octo", jobs, tasks)
}

fn refused_for(
    name: &str,
    jobs: impl IntoIterator<Item = (u64, ListedJob)>,
    tasks: impl IntoIterator<Item = LedgerTask>,
) -> Snapshot {
    let mut refused_claims = RefusedClaims::default();
    refused_claims.refuse(name, "GitHub refused the token", at(0));
    Snapshot { refused_claims, ..snapshot(jobs, tasks, []) }
}

fn requests(refused: &Snapshot) -> String {
    let lines = runs(refused, [0, 2, 14, 15]);
    lines.lines().filter(|line| line.contains("request")).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_runner_tries_after_fifteen_minutes() {
    let jobs = [2, 1, 3].map(|id| (id, job("queued", UBUNTU)));
    insta::assert_snapshot!(requests(&refused(jobs, [])), @"15: request gh-1-1 on ubuntu");
}

#[test]
fn a_job_that_gets_no_runner_keeps_no_other_from_trying() {
    let left_behind = ListedJob { created_at: at(-60 * 72), ..job("queued", UBUNTU) };
    let jobs = [1, 2, 3].map(|id| (id, job("queued", UBUNTU)));
    let mut barred = refused(jobs, []);
    barred.jobs.insert(1, left_behind);
    barred.barred.insert(2, "a group keeps it from its runner".to_owned());
    barred.runs.updated.insert(45, at(-60 * 72));
    insta::assert_snapshot!(requests(&barred), @"15: request gh-3-1 on ubuntu");
}

#[test]
fn a_task_that_waits_keeps_the_jobs_of_its_own_pool_from_trying() {
    let jobs =
        [(1, job("queued", WINDOWS)), (2, job("queued", UBUNTU)), (3, job("queued", WINDOWS))];
    let waiting = task("gh-1", "windows", Stage::Waiting);
    insta::assert_snapshot!(requests(&refused(jobs, [waiting])), @"15: request gh-2-1 on ubuntu");
}

#[test]
fn a_refusal_of_one_repository_keeps_its_own_jobs_waiting() {
    let site = Repository::try_from("octo/site").expect("a name");
    let of_site = || ListedJob { repository: site.clone(), ..job("queued", UBUNTU) };
    let jobs = || [(1, job("queued", UBUNTU)), (2, of_site()), (3, of_site())];
    insta::assert_snapshot!(requests(&refused_for("octo/Site", jobs(), [])), @r"
    2: request gh-1-1 on ubuntu
    14: request gh-1-1 on ubuntu
    15: request gh-2-1 on ubuntu
    ");
    let unclaimed = Ending::Failed(Failure::Exit(75));
    let ended = ["gh-2", "gh-2-2", "gh-2-3", "gh-2-4", "gh-2-5"].map(|id| LedgerTask {
        repository: site.clone(),
        ..task(id, "ubuntu", ended(1, unclaimed.clone()))
    });
    let mut failed = refused_for("octo/site", [(2, of_site())], ended);
    insta::assert_snapshot!(requests(&failed), @"15: request gh-2-6 on ubuntu");
    failed.refused_claims = RefusedClaims::default();
    failed.refused_claims.refuse("octo/app", "GitHub refused the token", at(0));
    insta::assert_snapshot!(requests(&failed), @"");
}
