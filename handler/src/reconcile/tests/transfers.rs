//! Runners of repositories that were transferred to another organization: they stay where they were registered.

use super::ownership::runs_by;
use super::*;

fn organization() -> Rules {
    Rules { scope: Scope::Organization, ..rules() }
}

fn corp() -> Repository {
    Repository::try_from("corp/app").expect("a name")
}

fn level(path: &str) -> Level {
    Level::recorded(path).expect("a level")
}

/// The claim of the present run of `gh-1`, which registered runner 7 at a level.
fn claim(path: Option<&str>) -> StoredClaim {
    StoredClaim {
        task: "gh-1".to_owned(),
        blob: format!("claims/gh-1/{}", crate::task::run_name(at(0))),
        runner: Some(7),
        minted: Some(at(0)),
        level: path.map(level),
    }
}

fn registered_at(repository: Repository) -> RegisteredRunner {
    RegisteredRunner { repository, version: Some("2.338.0".to_owned()), ..runner("gh-1", false) }
}

/// A job of `octo/app`, which is `corp/app` by now; its task runs, and both organizations were read.
fn transferred(status: &str, claim: StoredClaim, runners: &[RegisteredRunner]) -> Snapshot {
    let moved = ListedJob { repository: corp(), ..job(status, UBUNTU) };
    let tasks = [task("gh-1", "ubuntu", Stage::Started { at: Some(at(0)) })];
    let mut snapshot = snapshot([(1, moved)], tasks, runners.iter().cloned());
    snapshot.claims = Some(vec![claim]);
    snapshot.runners.read = ["orgs/octo", "orgs/corp"].map(level).into();
    snapshot
}

#[test]
fn a_runner_is_ours_at_the_level_where_it_was_registered() {
    for (recorded, listed, ours) in [
        (Some("orgs/octo"), repository(), true),
        (Some("orgs/octo"), corp(), false),
        (Some("orgs/corp"), corp(), true),
        (Some("orgs/corp"), repository(), false),
        (None, repository(), true),
        (None, corp(), true),
        (None, Repository::try_from("evil/app").expect("a name"), false),
    ] {
        // Its job has ended: a runner of ours is removed after five minutes, and before its task is terminated.
        let runners = [registered_at(listed.clone())];
        let ended = transferred("completed gh-1", claim(recorded), &runners);
        let repairs = runs_by(&organization(), &ended, [0, 1, 5]);
        let removed = repairs.contains("deregister gh-1");
        assert_eq!(removed, ours, "{recorded:?} {listed}: {repairs}");
    }
}

#[test]
fn the_runner_of_a_renamed_repository_is_ours_under_both_names() {
    let shop = || Repository::try_from("octo/shop").expect("a name");
    for recorded in [Some("repos/octo/app"), Some("repos/octo/shop"), None] {
        for listed in [repository(), shop()] {
            let runners = [registered_at(listed.clone())];
            let mut ended = transferred("completed gh-1", claim(recorded), &runners);
            ended.jobs.values_mut().for_each(|job| job.repository = shop());
            ended.runners.read = ["repos/octo/app", "repos/octo/shop"].map(level).into();
            let repairs = runs_by(&rules(), &ended, [0, 1, 5]);
            assert!(repairs.contains("deregister gh-1"), "{recorded:?} {listed}: {repairs}");
        }
    }
}

/// GitHub cannot give it the job of its task any more, and it may get another one of its organization.
#[test]
fn a_runner_that_a_transfer_left_behind_covers_nothing() {
    let waiting = |recorded, at: Repository| {
        transferred("queued", claim(Some(recorded)), &[registered_at(at)])
    };
    let left = runs_by(&organization(), &waiting("orgs/octo", repository()), [0, 2]);
    assert_eq!(left, "2: request gh-1-2 on ubuntu");
    assert_eq!(runs_by(&organization(), &waiting("orgs/corp", corp()), [0, 2]), "");
}

#[test]
fn nothing_is_decided_while_its_own_level_is_unread() {
    let rules = organization();
    let mut ended = transferred("completed gh-1", claim(Some("orgs/corp")), &[]);
    assert_eq!(runs_by(&rules, &ended, [0, 1, 5]), "5: terminate gh-1: after its job");
    ended.runners.read = [level("orgs/octo")].into();
    assert_eq!(runs_by(&rules, &ended, [0, 1, 5, 60]), "");
}

#[test]
fn of_two_runners_of_a_task_that_of_its_latest_claim_counts() {
    let earlier = StoredClaim {
        blob: "claims/gh-1/1969".to_owned(),
        runner: Some(6),
        ..claim(Some("orgs/octo"))
    };
    let lost = RegisteredRunner { id: 6, online: false, ..registered_at(repository()) };
    let runners = [registered_at(corp()), lost];
    let mut queued = transferred("queued", claim(Some("orgs/corp")), &runners);
    queued.claims.iter_mut().for_each(|claims| claims.push(earlier.clone()));
    assert_eq!(runs_by(&organization(), &queued, [0, 15, 29]), "");
}
