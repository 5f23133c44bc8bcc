//! The choice of a candidate by past weeks: those before the week that is planned, and no others.

use crate::candidate::Kind;
use crate::demand::Demand;
use crate::weeks::{Figures, Weeks};

/// The number of weeks by which candidates are compared.
const VALIDATION_WEEKS: usize = 4;
/// The least number of weeks before the planned one: one for the first table, and two to compare.
pub const MIN_WEEKS: usize = 3;
/// The least share of the variance of an hourly load that the weeks before must explain.
const MIN_PATTERN: f64 = 0.15;

/// What a plan is chosen for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// A third of the default's 95th percentile of waits for the fewest node hours, and at most a quarter more of them.
    Balanced,
    /// The fewest node hours with which this percentage of the jobs waits at most these seconds.
    MaxWait {
        /// The percentage.
        percent: f64,
        /// The seconds.
        seconds: u32,
    },
    /// The shortest waits with at most these node hours a week.
    MaxCost {
        /// Node hours of nodes with one slot.
        node_hours: f64,
    },
}

/// The number of last weeks that must follow the weeks before them.
const PATTERN_WEEKS: usize = 3;
/// The multiple of the default's 95th percentile above which a more expensive plan is not worth its price.
const MIN_GAIN: f64 = 0.75;

/// Why a candidate was chosen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There are too few weeks: the default.
    TooShort,
    /// One of the last weeks does not follow the weeks before it: the default.
    NoPattern,
    /// No balanced plan shortens waits enough: the default.
    NoGain,
    /// It meets the objective on the weeks before.
    Met,
    /// None meets the objective on the weeks before; this is the nearest one.
    Nearest,
}

/// A chosen candidate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Choice {
    /// Its index; 0 is the default.
    pub candidate: usize,
    /// Why.
    pub reason: Reason,
}

/// Chooses the candidate for a week by the weeks before.
pub fn choose(weeks: &Weeks, demand: &Demand, week: usize, objective: Objective) -> Choice {
    if week < MIN_WEEKS {
        return Choice { candidate: 0, reason: Reason::TooShort };
    }
    // After a change, a week that fits by accident proves nothing.
    let recent = week.saturating_sub(PATTERN_WEEKS).max(1)..week;
    let is_periodic = recent.map(|week| pattern(demand, week)).all(|share| share >= MIN_PATTERN);
    if !is_periodic && objective == Objective::Balanced {
        return Choice { candidate: 0, reason: Reason::NoPattern };
    }
    // Without a pattern, only what is the same at all times can be relied on.
    let relied_on = |candidate: &usize| {
        is_periodic || matches!(weeks.candidates[*candidate].kind, Kind::Minimum(_))
    };
    let past = week.saturating_sub(VALIDATION_WEEKS).max(1)..week;
    let scored: Vec<(usize, Figures)> = (0..weeks.candidates.len())
        .filter(relied_on)
        .filter_map(|candidate| Some((candidate, weeks.sum(candidate, past.clone())?)))
        .collect();
    let Some(default) = scored.first().map(|(_, figures)| figures.clone()) else {
        return Choice { candidate: 0, reason: Reason::TooShort };
    };
    best(&scored, &default, past.len() as f64, objective)
}

/// Chooses among candidates with figures of past weeks.
fn best(
    scored: &[(usize, Figures)],
    default: &Figures,
    weeks: f64,
    objective: Objective,
) -> Choice {
    let cost = |(_, figures): &&(usize, Figures)| figures.node_hours;
    let by_cost =
        |one: &&(usize, Figures), other: &&(usize, Figures)| cost(one).total_cmp(&cost(other));
    let wait = |figures: &Figures| (figures.p95(), figures.waits.mean());
    let by_wait = |one: &&(usize, Figures), other: &&(usize, Figures)| {
        let ((p95, mean), (other_p95, other_mean)) = (wait(&one.1), wait(&other.1));
        p95.cmp(&other_p95).then(mean.total_cmp(&other_mean))
    };
    let chosen = |found: Option<&(usize, Figures)>, reason| {
        found.map(|(candidate, _)| Choice { candidate: *candidate, reason })
    };
    let all = || scored.iter();
    let found = match objective {
        Objective::Balanced => {
            let limit = default.node_hours * BALANCED_COST;
            let goal = f64::from(default.p95()) * BALANCED_WAIT;
            let affordable = || all().filter(|(_, figures)| figures.node_hours <= limit);
            let quick = affordable().filter(|(_, figures)| f64::from(figures.p95()) <= goal);
            let enough = |found: &&(usize, Figures)| {
                f64::from(found.1.p95()) <= f64::from(default.p95()) * MIN_GAIN
            };
            chosen(quick.min_by(by_cost), Reason::Met)
                .or_else(|| chosen(affordable().min_by(by_wait).filter(enough), Reason::Nearest))
                .or(Some(Choice { candidate: 0, reason: Reason::NoGain }))
        }
        Objective::MaxWait { percent, seconds } => {
            let quick = all().filter(|(_, figures)| figures.waits.percentile(percent) <= seconds);
            chosen(quick.min_by(by_cost), Reason::Met)
                .or_else(|| chosen(all().min_by(by_wait), Reason::Nearest))
        }
        Objective::MaxCost { node_hours } => {
            let affordable = all().filter(|(_, figures)| figures.node_hours <= node_hours * weeks);
            chosen(affordable.min_by(by_wait), Reason::Met)
                .or_else(|| chosen(all().min_by(by_cost), Reason::Nearest))
        }
    };
    found.unwrap_or(Choice { candidate: 0, reason: Reason::TooShort })
}

/// The share of the default's 95th percentile that a balanced plan aims at: less than a third, for weeks unlike the past ones.
const BALANCED_WAIT: f64 = 0.27;
/// The multiple of the default's node hours that a balanced plan may have.
const BALANCED_COST: f64 = 1.22;

/// Returns the share of the variance of a week's hourly demand that the weeks before explain; negative if the mean of the week itself
/// explains more. The expectation is the best of three: the week before, the four weeks before, and these with all weekdays alike.
pub fn pattern(demand: &Demand, week: usize) -> f64 {
    let actual = demand.hourly(week);
    let before: Vec<Vec<f64>> =
        (week.saturating_sub(4)..week).map(|week| demand.hourly(week)).collect();
    let Some(last) = before.last() else { return 0.0 };
    let mean: Vec<f64> =
        (0..actual.len()).map(|hour| average(before.iter().map(|week| week[hour]))).collect();
    let alike: Vec<f64> = (0..actual.len())
        .map(|hour| {
            let days = if hour / 24 < 5 { 0..5 } else { 5..7 };
            average(days.map(|day| mean[day * 24 + hour % 24]))
        })
        .collect();
    [last, &mean, &alike]
        .into_iter()
        .map(|expected| explained(&actual, expected))
        .fold(f64::MIN, f64::max)
}

fn explained(actual: &[f64], expected: &[f64]) -> f64 {
    let mean = average(actual.iter().copied());
    let errors: f64 = actual.iter().zip(expected).map(|(one, other)| (one - other).powi(2)).sum();
    let variance: f64 = actual.iter().map(|one| (one - mean).powi(2)).sum();
    if variance == 0.0 { 0.0 } else { 1.0 - errors / variance }
}

fn average(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
}
