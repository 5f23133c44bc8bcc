//! Which jobs are left to the runners of others.

use super::*;
use crate::reconcile::snapshot::OtherRunner;

const GPU: &[&str] = &["self-hosted", "GPU"];

fn other(scope: &Scope, ephemeral: bool) -> OtherRunner {
    OtherRunner {
        level: Level::of(scope, &repository()),
        labels: ["self-hosted", "linux", "gpu"].map(str::to_owned).into(),
        ephemeral,
        seen_at: at(0),
    }
}

fn waiting(others: Vec<OtherRunner>) -> Snapshot {
    let mut waiting = snapshot([(1, job("queued", GPU))], [], []);
    waiting.runners.others = others;
    waiting
}

#[test]
fn a_job_that_others_serve_is_neither_cancelled_nor_reported() {
    for scope in [Scope::Repository, Scope::Organization] {
        assert_eq!(runs(&waiting(vec![other(&scope, false)]), [30, 60]), "", "{scope:?}");
    }
    let corp = OtherRunner {
        level: Level::of(&Scope::Organization, &Repository::try_from("corp/app").expect("a name")),
        ..other(&Scope::Organization, false)
    };
    let fewer = OtherRunner {
        labels: ["self-hosted".to_owned()].into(),
        ..other(&Scope::Repository, false)
    };
    insta::assert_snapshot!(runs(&waiting(vec![corp, fewer]), [0, 30]), @r#"
    30: cancel run 45: no profile in setting RunnerProfiles has its label "GPU"
    30: report job 1: no profile in setting RunnerProfiles has its label "GPU"
    "#);
}

#[test]
fn nothing_is_cancelled_while_a_list_is_unread() {
    let mut unread = waiting(Vec::new());
    unread.runners.read = [Level::of(&Scope::Repository, &repository())].into();
    insta::assert_snapshot!(runs(&unread, [0, 30]), @r#"30: report job 1: no profile in setting RunnerProfiles has its label "GPU""#);
}

#[test]
fn the_labels_of_ephemeral_runners_are_kept_for_days() {
    let seen = waiting(vec![other(&Scope::Repository, true), other(&Scope::Organization, false)]);
    let (_, state) = plan(&seen, &ReconcileState::default(), &rules(), at(0));
    assert_eq!(state.others.len(), 1);
    let (_, later) = plan(&waiting(Vec::new()), &state, &rules(), at(5 * 24 * 60));
    assert_eq!(later.others, state.others);
    let (_, later) = plan(&waiting(Vec::new()), &state, &rules(), at(8 * 24 * 60));
    assert_eq!(later.others, []);
}

#[test]
fn a_job_whose_own_runners_fail_is_reported_but_left_to_others() {
    let failed = |id: &str| task(id, "ubuntu", ended(0, Ending::Failed(Failure::Exit(72))));
    let five = ["gh-1", "gh-1-2", "gh-1-3", "gh-1-4", "gh-1-5"].map(failed);
    let mut failing = snapshot([(1, job("queued", &["self-hosted", "linux"]))], five, []);
    failing.runners.others = vec![other(&Scope::Repository, false)];
    insta::assert_snapshot!(runs(&failing, [0, 30]), @"30: report job 1: its runners fail (exit code 72, a program is missing in the image or on the node): check stderr.txt of their tasks, and the image");
}
