//! Classifies how a runner's task ended, by its exit code or by Batch's failure information.
//!
//! `images/exit-codes.json` lists every exit code with its cause; a test compares that list with this classification.

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The runner had a job, whatever the conclusion of the job, or no job needed the runner.
    Clean,
    /// The runner was assigned a job that it may not run, and rejected it. The job that the runner was made for still
    /// has no runner, which is not a failure of that job.
    Rejected,
    /// The runner was registered and ended without a job.
    NoJob,
    /// A cause on this deployment's side: an image, a node's network, a runner version, a setting.
    Failed(Failure),
    /// The node died, was preempted, or was stopped.
    Node,
    /// The task was terminated by reconciliation, an operator, or its time limit.
    Terminated,
}

/// The cause of a failed task.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The exit code of the container or the launch script.
    #[error("exit code {0}{meaning}", meaning = meaning(*.0))]
    Exit(i32),
    /// The published code of a Batch error, such as `ContainerInvalidImage`.
    #[error("{0}")]
    Batch(String),
}

impl Failure {
    /// Returns whether the runner got no credential.
    pub fn is_unclaimed(&self) -> bool {
        matches!(self, Self::Exit(UNCLAIMED))
    }

    /// Returns whether the runner got no answer of this deployment or of GitHub, which may be down or out of reach for
    /// hours.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self, Self::Exit(UNCLAIMED | NO_SESSION))
    }
}

/// The exit code of a task whose claims failed until its time was over.
const UNCLAIMED: i32 = 75;
/// The exit code of a runner that opened no session with GitHub.
const NO_SESSION: i32 = 68;
/// The exit code of a runner whose version GitHub rejects.
pub(super) const VERSION_REFUSED: i32 = 7;
/// The exit codes of a container engine that cannot create or start a container of the image.
pub(super) const NO_CONTAINER: [i32; 3] = [125, 126, 127];

/// The Batch code for a task that was terminated or exceeded its time limit.
const TASK_ENDED: &str = "TaskEnded";

impl Ending {
    /// Classifies an ended task by its exit code, and by the category and code of Batch's failure information. Each is
    /// `None` if Batch reports none.
    pub fn of(exit_code: Option<i32>, failure: Option<(&str, &str)>) -> Self {
        match (exit_code, failure) {
            // 70: the listener died with its job. 124: the job exceeded the time limit.
            (Some(0 | 70 | 124), _) => Self::Clean,
            (Some(76), _) => Self::NoJob,
            (Some(77), _) => Self::Rejected,
            (_, Some((_, TASK_ENDED))) | (Some(130 | 143), _) => Self::Terminated,
            (Some(code), _) => Self::Failed(Failure::Exit(code)),
            (None, Some((category, _))) if category.eq_ignore_ascii_case("servererror") => {
                Self::Node
            }
            (None, Some((_, code))) => Self::Failed(Failure::Batch(code.to_owned())),
            (None, None) => Self::Node,
        }
    }
}

/// Returns the meaning of an exit code, as a suffix to its number.
fn meaning(code: i32) -> &'static str {
    match code {
        VERSION_REFUSED => ", GitHub rejects the runner's version",
        64 => ", the task or the image is incomplete",
        NO_SESSION => {
            ", the runner opened no session with GitHub: check the pool's route to GitHub"
        }
        69 => ", the image could not be pulled, or a container engine does not answer",
        72 => ", a program is missing in the image or on the node",
        UNCLAIMED => ", no credential could be claimed",
        78 => ", the registration token had expired",
        125..=127 => ", the container could not be made or started",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(exit_code: Option<i32>, failure: Option<(&str, &str)>, expect: &Ending) {
        assert_eq!(Ending::of(exit_code, failure), *expect, "{exit_code:?} {failure:?}");
    }

    #[test]
    fn the_exit_code_decides_unless_the_task_was_terminated() {
        let failed = Some(("usererror", "FailureExitCode"));
        for code in [0, 70, 124] {
            check(Some(code), failed, &Ending::Clean);
        }
        check(Some(76), failed, &Ending::NoJob);
        check(Some(77), failed, &Ending::Rejected);
        for code in [130, 143] {
            check(Some(code), failed, &Ending::Terminated);
        }
        for code in [1, 7, 64, 68, 69, 72, 75, 78, 125, 137] {
            check(Some(code), failed, &Ending::Failed(Failure::Exit(code)));
            check(Some(code), Some(("usererror", "TaskEnded")), &Ending::Terminated);
        }
    }

    /// Operators read the list: its promise for a code must match the classification.
    #[test]
    fn every_listed_code_has_the_promised_ending() {
        let list = include_str!("../../../images/exit-codes.json");
        let rows: Vec<serde_json::Value> = serde_json::from_str(list).expect("a list");
        assert!(rows.len() > 15);
        for row in rows {
            let code =
                i32::try_from(row["code"].as_i64().expect("a code")).expect("a small number");
            let promise = row["handler"].as_str().expect("a text");
            let kept = match Ending::of(Some(code), Some(("usererror", "FailureExitCode"))) {
                Ending::Clean | Ending::Terminated => promise.starts_with("nothing"),
                Ending::Rejected => {
                    promise.contains("`group`") && promise.ends_with("not a failure")
                }
                Ending::NoJob => promise.contains("growing delay; not a failure"),
                Ending::Failed(Failure::Exit(code)) => {
                    let image = NO_CONTAINER.contains(&code) == promise.contains("`image`");
                    let version = (code == VERSION_REFUSED) == promise.contains("`runner-version`");
                    promise.starts_with("counts it as a failure") && image && version
                }
                Ending::Failed(Failure::Batch(_)) | Ending::Node => false,
            };
            assert!(kept, "{code}: {promise}");
        }
    }

    #[test]
    fn without_an_exit_code_the_batch_category_decides() {
        let image = "ContainerInvalidImage";
        let of_image = Ending::Failed(Failure::Batch(image.to_owned()));
        check(None, Some(("usererror", image)), &of_image);
        check(None, Some(("servererror", "DiskFull")), &Ending::Node);
        check(None, None, &Ending::Node);
    }

    #[test]
    fn a_failure_states_the_meaning_of_its_code() {
        insta::assert_snapshot!(Failure::Exit(68), @"exit code 68, the runner opened no session with GitHub: check the pool's route to GitHub");
        insta::assert_snapshot!(Failure::Exit(3), @"exit code 3");
        insta::assert_snapshot!(Failure::Batch("DiskFull".to_owned()), @"DiskFull");
    }
}
