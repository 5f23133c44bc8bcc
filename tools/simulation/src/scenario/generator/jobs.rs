//! Generates the jobs of a scenario: single ones, bursts and matrices.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::SPAN;
use crate::scenario::{Cancellation, DeliveryOutcome, Deployment, Gate, PlannedJob, Stage};

/// The repository that no deployment serves.
const FORBIDDEN: &str = "octo/private";
/// The largest matrix that GitHub allows.
/// <https://docs.github.com/en/actions/reference/limits>
const MATRIX: u32 = 256;

/// Labels of jobs; a repeated entry is more likely. Profiles `ubuntu` and `ubuntu-2204` both serve `linux` alone,
/// and every profile serves `self-hosted` alone.
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

/// Generates a number of jobs, ordered by time.
pub(super) fn generated(
    count: u32,
    deployments: &[Deployment],
    rng: &mut StdRng,
) -> Vec<PlannedJob> {
    let (mut jobs, mut run, mut missing) = (Vec::new(), 0, count);
    while missing > 0 {
        let crowd = Crowd::generated(missing, rng);
        missing -= crowd.size;
        let (at, first) = (rng.random_range(0..SPAN), job(deployments, rng));
        for place in 0..crowd.size {
            if place == 0 || !crowd.one_run {
                run += 1;
            }
            let at = at + rng.random_range(0..=crowd.within);
            jobs.push(PlannedJob { at, run, ..another(&first, crowd.one_run, rng) });
        }
    }
    jobs.sort_by_key(|job| job.at);
    jobs
}

/// Jobs that are queued together.
struct Crowd {
    size: u32,
    within: u64,
    one_run: bool,
}

impl Crowd {
    fn generated(most: u32, rng: &mut StdRng) -> Self {
        let (size, within, one_run) = match rng.random_range(0..20) {
            0..10 => (1, 0, true),
            10..14 => (rng.random_range(2..=5), 1, true),
            14..17 => (rng.random_range(5..=30), 20, false),
            17..19 => (rng.random_range(10..=60), 2, true),
            _ => (rng.random_range(60..=MATRIX), 2, true),
        };
        Self { size: size.min(most), within, one_run }
    }
}

fn job(deployments: &[Deployment], rng: &mut StdRng) -> PlannedJob {
    let deployment = match rng.random_range(0..50) {
        0 => None,
        1..32 => Some(0),
        _ => Some(1),
    };
    let repositories = deployment.map(|place: usize| &deployments[place].repositories);
    let repository =
        repositories.and_then(|names| names.choose(rng)).map_or(FORBIDDEN, |name| name);
    PlannedJob {
        at: 0,
        deployment,
        repository: repository.to_owned(),
        labels: labels(rng),
        runs_for: 0,
        run: 0,
        gate: None,
        setup_fails: false,
        hosted_after: None,
        stuck_for: None,
        deleted_after: None,
        cancellation: None,
        rerun_after: None,
        queued: DeliveryOutcome::Usual,
        later: DeliveryOutcome::Usual,
    }
}

/// Makes a job like the first of its crowd, with random details of its own.
///
/// Most jobs of a matrix have the same labels, but labels may come from the matrix.
fn another(first: &PlannedJob, one_run: bool, rng: &mut StdRng) -> PlannedJob {
    let like = !one_run || rng.random_bool(0.9);
    let unserved = first.deployment.is_none();
    PlannedJob {
        labels: if like { first.labels.clone() } else { labels(rng) },
        runs_for: length(rng),
        gate: rng.random_bool(0.08).then(|| gate(rng)),
        cancellation: if unserved { Some(cancelled_later(rng)) } else { cancellation(rng) },
        rerun_after: (!unserved && rng.random_bool(0.03)).then(|| rng.random_range(1..1800)),
        queued: course(rng),
        later: course(rng),
        ..first.clone()
    }
}

fn labels(rng: &mut StdRng) -> Vec<String> {
    let labels = LABELS.choose(rng).expect("there are some");
    labels.iter().map(|&label| label.to_owned()).collect()
}

fn length(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..10) {
        0..2 => rng.random_range(5..60),
        2..7 => rng.random_range(60..600),
        _ => rng.random_range(600..2700),
    }
}

fn gate(rng: &mut StdRng) -> Gate {
    Gate { ahead: rng.random(), approved_after: rng.random_range(1..3600) }
}

/// No deployment serves such a job, so it has to be cancelled.
fn cancelled_later(rng: &mut StdRng) -> Cancellation {
    Cancellation { stage: Stage::Queued, after: rng.random_range(60..7200) }
}

/// A cancellation between the claim and the start of the job is rare; it leaves a runner without a job.
fn cancellation(rng: &mut StdRng) -> Option<Cancellation> {
    let (stage, longest) = match rng.random_range(0..1000) {
        0..15 => (Stage::Queued, 2),
        15..30 => (Stage::Queued, 1800),
        30..50 => (Stage::Submitted, 900),
        50..53 => (Stage::Claimed, 3),
        53..65 => (Stage::Started, 600),
        _ => return None,
    };
    Some(Cancellation { stage, after: rng.random_range(0..=longest) })
}

fn course(rng: &mut StdRng) -> DeliveryOutcome {
    match rng.random_range(0..100) {
        0..70 => DeliveryOutcome::Usual,
        70..78 => DeliveryOutcome::Twice { after: rng.random_range(0..600) },
        78..86 => DeliveryOutcome::Late { by: rng.random_range(1..900) },
        86..91 => DeliveryOutcome::Failed,
        91..96 => DeliveryOutcome::Lost,
        _ => DeliveryOutcome::ResponseLost,
    }
}
