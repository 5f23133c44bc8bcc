//! Draws the jobs of a plan: single ones, bursts and matrices, and how each of them fares.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::SPAN;
use crate::plan::{Cancellation, Course, Deployment, Gate, PlannedJob, Stage};

/// The repository that no deployment serves.
const FORBIDDEN: &str = "octo/private";
/// What GitHub allows in one matrix.
/// <https://docs.github.com/en/actions/reference/limits>
const MATRIX: u32 = 256;

/// What jobs ask for, each as often as it stands here. The profiles `ubuntu` and `ubuntu-2204` both fit
/// where only `linux` is asked for, all of them where only `self-hosted` is.
const LABELS: [&[&str]; 10] = [
    &["self-hosted", "ubuntu-latest"],
    &["self-hosted", "ubuntu-latest"],
    &["self-hosted", "linux", "ubuntu-24.04"],
    &["self-hosted", "ubuntu-22.04"],
    &["Self-Hosted", "Linux", "X64", "Ubuntu-22.04"],
    &["self-hosted", "linux"],
    &["self-hosted", "linux", "x64"],
    &["self-hosted", "windows-latest"],
    &["self-hosted", "windows-2019"],
    &["self-hosted"],
];

/// Draws so many jobs, in the order of their times.
pub(super) fn drawn(count: u32, deployments: &[Deployment], dice: &mut StdRng) -> Vec<PlannedJob> {
    let (mut jobs, mut run, mut missing) = (Vec::new(), 0, count);
    while missing > 0 {
        let crowd = Crowd::drawn(missing, dice);
        missing -= crowd.size;
        let (at, first) = (dice.random_range(0..SPAN), job(deployments, dice));
        for place in 0..crowd.size {
            if place == 0 || !crowd.one_run {
                run += 1;
            }
            let at = at + dice.random_range(0..=crowd.within);
            jobs.push(PlannedJob { at, run, ..another(&first, crowd.one_run, dice) });
        }
    }
    jobs.sort_by_key(|job| job.at);
    jobs
}

/// Jobs that come together.
struct Crowd {
    size: u32,
    within: u64,
    one_run: bool,
}

impl Crowd {
    fn drawn(most: u32, dice: &mut StdRng) -> Self {
        let (size, within, one_run) = match dice.random_range(0..20) {
            0..10 => (1, 0, true),
            10..14 => (dice.random_range(2..=5), 1, true),
            14..17 => (dice.random_range(5..=30), 20, false),
            17..19 => (dice.random_range(10..=60), 2, true),
            _ => (dice.random_range(60..=MATRIX), 2, true),
        };
        Self { size: size.min(most), within, one_run }
    }
}

fn job(deployments: &[Deployment], dice: &mut StdRng) -> PlannedJob {
    let deployment = match dice.random_range(0..50) {
        0 => None,
        1..32 => Some(0),
        _ => Some(1),
    };
    let repositories = deployment.map(|place: usize| &deployments[place].repositories);
    let repository =
        repositories.and_then(|names| names.choose(dice)).map_or(FORBIDDEN, |name| name);
    PlannedJob {
        at: 0,
        deployment,
        repository: repository.to_owned(),
        labels: labels(dice),
        runs_for: 0,
        run: 0,
        gate: None,
        set_up_fails: false,
        cancellation: None,
        rerun_after: None,
        queued: Course::Usual,
        later: Course::Usual,
    }
}

/// Makes a job like the first of its crowd, with a lot of its own.
///
/// The jobs of a matrix ask for the same mostly: its labels may come from the matrix.
fn another(first: &PlannedJob, one_run: bool, dice: &mut StdRng) -> PlannedJob {
    let like = !one_run || dice.random_bool(0.9);
    let nobodys = first.deployment.is_none();
    PlannedJob {
        labels: if like { first.labels.clone() } else { labels(dice) },
        runs_for: length(dice),
        gate: dice.random_bool(0.08).then(|| gate(dice)),
        cancellation: if nobodys { Some(given_up(dice)) } else { cancellation(dice) },
        rerun_after: (!nobodys && dice.random_bool(0.03)).then(|| dice.random_range(1..1800)),
        queued: course(dice),
        later: course(dice),
        ..first.clone()
    }
}

fn labels(dice: &mut StdRng) -> Vec<String> {
    let labels = LABELS.choose(dice).expect("there are some");
    labels.iter().map(|&label| label.to_owned()).collect()
}

fn length(dice: &mut StdRng) -> u64 {
    match dice.random_range(0..10) {
        0..2 => dice.random_range(5..60),
        2..7 => dice.random_range(60..600),
        _ => dice.random_range(600..2700),
    }
}

fn gate(dice: &mut StdRng) -> Gate {
    Gate { ahead: dice.random(), approved_after: dice.random_range(1..3600) }
}

/// Nobody serves it, so that somebody has to end it.
fn given_up(dice: &mut StdRng) -> Cancellation {
    Cancellation { stage: Stage::Queued, after: dice.random_range(60..7200) }
}

/// A cancellation between the claim and the job's start is rare, and leaves a runner that waits in vain.
fn cancellation(dice: &mut StdRng) -> Option<Cancellation> {
    let (stage, longest) = match dice.random_range(0..1000) {
        0..15 => (Stage::Queued, 2),
        15..30 => (Stage::Queued, 1800),
        30..50 => (Stage::Submitted, 900),
        50..53 => (Stage::Claimed, 3),
        53..65 => (Stage::Started, 600),
        _ => return None,
    };
    Some(Cancellation { stage, after: dice.random_range(0..=longest) })
}

fn course(dice: &mut StdRng) -> Course {
    match dice.random_range(0..100) {
        0..70 => Course::Usual,
        70..78 => Course::Twice { after: dice.random_range(0..600) },
        78..86 => Course::Late { by: dice.random_range(1..900) },
        86..91 => Course::Refused,
        91..96 => Course::Lost,
        _ => Course::Unanswered,
    }
}
