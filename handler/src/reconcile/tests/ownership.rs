//! Whose a registered runner is, and what is done about the runners of others.

use super::*;
use crate::reconcile::snapshot::OtherRunner;

/// Runs at each of these minutes on the same snapshot with these rules, and lists the repairs of each run.
pub(super) fn runs_by(
    rules: &Rules,
    snapshot: &Snapshot,
    minutes: impl IntoIterator<Item = i64>,
) -> String {
    let mut state = ReconcileState::default();
    let mut lines = Vec::new();
    for minute in minutes {
        let (repairs, next) = plan(snapshot, &state, rules, at(minute));
        state = next;
        lines.extend(repairs.iter().map(|repair| format!("{minute}: {}", line(repair))));
    }
    lines.join("\n")
}

fn persistent(id: &str) -> RegisteredRunner {
    RegisteredRunner { ephemeral: false, ..runner(id, false) }
}

fn recorded(task: &str, runner: u64) -> StoredClaim {
    let blob = format!("claims/{task}/1");
    StoredClaim {
        task: task.to_owned(),
        blob,
        runner: Some(runner),
        minted: Some(at(0)),
        level: None,
    }
}

#[test]
fn a_persistent_runner_named_like_ours_is_reported_once() {
    let named = Snapshot { claims: Some(Vec::new()), ..snapshot([], [], [persistent("gh-1")]) };
    insta::assert_snapshot!(runs(&named, [0, 10, 20, 24 * 60 - 1, 40 * 60]), @"0: alert deployment: runner gh-1 of repos/octo/app is not ephemeral, so this deployment did not register it: rename it, since its name has the form of this deployment's runners");
}

#[test]
fn a_persistent_runner_is_not_ours_even_if_its_task_claimed() {
    let tasks = [task("gh-1", "ubuntu", ended(0, Ending::Clean))];
    let named = snapshot([(1, job("completed", UBUNTU))], tasks, [persistent("gh-1")]);
    assert!(runs(&named, [0, 10, 20]).lines().all(|line| line.contains("alert deployment")));
}

#[test]
fn a_runner_whose_id_is_recorded_is_ours() {
    let recorded_as = |id| Snapshot {
        claims: Some(vec![recorded("gh-1", id)]),
        ..snapshot([], [], [persistent("gh-1")])
    };
    insta::assert_snapshot!(runs(&recorded_as(7), [0, 10]), @"10: deregister gh-1, of no task: no job needs it");
    // The claim is of a runner that is not registered any more.
    let others = runs(&recorded_as(8), [0, 10]);
    assert!(!others.contains("deregister"), "{others}");
}

#[test]
fn another_deployment_of_the_name_is_left_alone_and_reported_once() {
    let twin = Snapshot {
        claims: Some(Vec::new()),
        ..snapshot([], [], [runner("gh-1", false), runner("gh-2", true)])
    };
    insta::assert_snapshot!(runs(&twin, [0, 10, 600]), @"0: alert deployment: repos/octo/app has ephemeral runners named gh-… that this deployment did not register: another deployment probably has the same name; give each its own name in setting DeploymentName. Until then they are left alone");
}

#[test]
fn nothing_is_removed_or_reported_while_the_claims_are_unread() {
    let unread = Snapshot { claims: None, ..snapshot([], [], [runner("gh-1", false)]) };
    assert_eq!(runs(&unread, [0, 10, 20]), "");
}

#[test]
fn a_runner_at_another_level_is_not_the_runner_of_the_task() {
    let elsewhere = RegisteredRunner {
        repository: Repository::try_from("octo/site").expect("a name"),
        ..runner("gh-1", true)
    };
    let tasks = [task("gh-1", "ubuntu", Stage::Started { at: Some(at(0)) })];
    let named = snapshot([(1, job("queued", UBUNTU))], tasks, [elsewhere]);
    insta::assert_snapshot!(runs(&named, [0, 14, 15]), @"15: terminate gh-1: no runner");
}

#[test]
fn a_runner_registered_by_a_token_is_known_by_its_task() {
    let by_token = Rules { registers_by_token: true, ..rules() };
    let labelled = |labels: &[&str]| RegisteredRunner {
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        group: Some(1),
        ..runner("gh-1", false)
    };
    let all = by_token.policy.profiles[0].labels.clone();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let tasks = || [task("gh-1", "ubuntu", ended(0, Ending::Clean))];
    let registered = |runner| snapshot([], tasks(), [runner]);
    let removed = "10: deregister gh-1, of no task: no job needs it";
    assert_eq!(runs_by(&by_token, &registered(labelled(&all)), [0, 10]), removed);
    assert_eq!(runs_by(&by_token, &registered(labelled(&["self-hosted"])), [0, 10]), "");
    let mut grouped = registered(labelled(&all));
    let level = Level::of(&by_token.scope, &repository());
    grouped.runners.groups = [(level.clone(), [1].into())].into();
    assert_eq!(runs_by(&by_token, &grouped, [0, 10]), removed);
    grouped.runners.groups = [(level, [2].into())].into();
    assert_eq!(runs_by(&by_token, &grouped, [0, 10]), "");
    let without_task = snapshot([], [], [labelled(&all)]);
    assert!(!runs_by(&by_token, &without_task, [0, 10]).contains("deregister"));
}

/// A person's runner took a job: no chain continues at the job whose number the name contains.
#[test]
fn a_chain_ends_at_a_runner_without_a_task() {
    let jobs = [(1, job("in_progress gh-7", UBUNTU)), (7, job("queued", UBUNTU))];
    let tasks = || [task("gh-1", "ubuntu", Stage::Waiting)];
    let named = snapshot(jobs.clone(), tasks(), [persistent("gh-7")]);
    let named = Snapshot { claims: Some(Vec::new()), ..named };
    let repairs = runs(&named, [0, 2]);
    assert!(
        repairs
            .contains("terminate gh-1: the job was assigned to a runner outside this deployment"),
        "{repairs}"
    );
    assert!(repairs.contains("2: request gh-7-1 on ubuntu"), "{repairs}");
    // A task that was added after the list proves nothing.
    let late = Snapshot { unlisted: [name("gh-7")].into(), ..snapshot(jobs, tasks(), []) };
    assert!(!runs(&late, [0]).contains("terminate"));
}

#[test]
fn a_job_of_another_runner_of_the_name_does_not_occupy_ours() {
    let taken = |runner_id| ListedJob { runner_id, ..job("in_progress gh-1", UBUNTU) };
    let tasks =
        || [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu", ended(0, Ending::Clean))];
    let jobs = |id| [(1, job("queued", UBUNTU)), (2, taken(id))];
    let registered = |id| Snapshot {
        claims: Some(vec![recorded("gh-1", 7)]),
        ..snapshot(jobs(id), tasks(), [runner("gh-1", false)])
    };
    assert_eq!(runs(&registered(Some(9)), 0..=2), "");
    insta::assert_snapshot!(runs(&registered(Some(7)), 0..=2), @"2: request gh-1-2 on ubuntu");
}

#[test]
fn a_claim_is_kept_as_long_as_its_runner_is_registered() {
    let orphan = snapshot([], [], [runner("gh-1", true)]);
    assert_eq!(runs(&orphan, [0, 10]), "");
    let mut unread = Snapshot { claims: claims(&["gh-1"]), ..snapshot([], [], []) };
    insta::assert_snapshot!(runs(&unread, [0]), @"0: delete the claims of gh-1");
    unread.runners.unread = [Level::of(&rules().scope, &repository())].into();
    assert_eq!(runs(&unread, [0]), "");
}

#[test]
fn a_list_that_was_not_read_ends_nothing_and_forgets_nothing() {
    let tasks = || [task("gh-1", "ubuntu", Stage::Started { at: Some(at(0)) })];
    let read = Snapshot {
        claims: claims(&["gh-1"]),
        ..snapshot([(1, job("queued", UBUNTU))], tasks(), [])
    };
    let mut unread = read.clone();
    unread.runners =
        Runners { unread: [Level::of(&rules().scope, &repository())].into(), ..Runners::default() };
    let mut state = ReconcileState::default();
    let snapshots = [(0, &read), (8, &unread), (15, &unread), (16, &read)];
    let repaired = snapshots.map(|(minute, snapshot)| {
        let (repairs, next) = plan(snapshot, &state, &rules(), at(minute));
        state = next;
        repairs.iter().map(line).collect::<String>()
    });
    assert_eq!(repaired, ["", "", "", "terminate gh-1: no runner"]);
}

#[test]
fn the_runners_of_another_deployment_serve_jobs_of_others() {
    let other = OtherRunner {
        level: Level::of(&rules().scope, &repository()),
        labels: ["self-hosted", "gpu"].map(str::to_owned).into(),
        ephemeral: true,
        seen_at: at(0),
    };
    let mut left = snapshot([(1, job("queued", &["self-hosted", "gpu"]))], [], []);
    left.runners.others = vec![other];
    assert_eq!(runs(&left, [0, 30, 60]), "");
}
