//! The choice of a candidate by past weeks: those before the week that is planned, and no others.

use std::cmp::Ordering;

use crate::candidate::{Candidate, Kind};
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
    /// A third of the reference's 95th percentile of waits for the fewest node hours, and at most a quarter more of them.
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
/// The multiple of the reference's 95th percentile above which a more expensive plan is not worth its price.
const MIN_GAIN: f64 = 0.75;

/// The multiple of the reference's 95th percentile to which a lower `calmMinutes` without warm nodes may lengthen it.
const MAX_LOSS: f64 = 1.05;

/// Why a candidate was chosen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There are too few weeks: the template's default.
    TooShort,
    /// One of the last weeks does not follow the weeks before it: no warm nodes.
    NoPattern,
    /// No balanced plan shortens waits enough: no warm nodes.
    NoGain,
    /// It meets the objective on the weeks before.
    Met,
    /// None meets the objective on the weeks before; this is the nearest one.
    Nearest,
}

/// A chosen candidate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Choice {
    /// Its index; 0 is the reference.
    pub candidate: usize,
    /// Why.
    pub reason: Reason,
}

/// Chooses the candidate for a week by the weeks before.
pub fn choose(weeks: &Weeks, demand: &Demand, week: usize, objective: Objective) -> Choice {
    let all = &weeks.candidates;
    let of_template = || {
        let candidate = all.iter().position(Candidate::is_of_template).unwrap_or(0);
        Choice { candidate, reason: Reason::TooShort }
    };
    if week < MIN_WEEKS {
        return of_template();
    }
    // After a change, a week that fits by accident proves nothing.
    let recent = week.saturating_sub(PATTERN_WEEKS).max(1)..week;
    let is_periodic = recent.map(|week| pattern(demand, week)).all(|share| share >= MIN_PATTERN);
    // Without a pattern, only what is the same at all times can be relied on.
    let relied_on =
        |candidate: &usize| is_periodic || matches!(all[*candidate].kind, Kind::Minimum(_));
    let past = week.saturating_sub(VALIDATION_WEEKS).max(1)..week;
    let scored: Vec<Scored> = (0..all.len())
        .filter(relied_on)
        .filter_map(|candidate| {
            let figures = weeks.sum(candidate, past.clone())?;
            Some(Scored { candidate, keeps_none: all[candidate].keeps_none(), figures })
        })
        .collect();
    // The reference is the first candidate.
    let Some(reference) = scored.first().map(|first| first.figures.clone()) else {
        return of_template();
    };
    let compared = Compared { scored, reference };
    match objective {
        Objective::Balanced if !is_periodic => compared.without_warm_nodes(Reason::NoPattern),
        Objective::Balanced => compared.balanced(),
        Objective::MaxWait { percent, seconds } => compared.with_max_wait(percent, seconds),
        Objective::MaxCost { node_hours } => compared.with_max_cost(node_hours * past.len() as f64),
    }
}

/// A candidate with its figures of past weeks.
struct Scored {
    candidate: usize,
    keeps_none: bool,
    figures: Figures,
}

impl Scored {
    fn by_cost(one: &&Self, other: &&Self) -> Ordering {
        one.figures.node_hours.total_cmp(&other.figures.node_hours)
    }

    fn by_wait(one: &&Self, other: &&Self) -> Ordering {
        let mean = |scored: &Self| scored.figures.waits.mean();
        one.figures.p95().cmp(&other.figures.p95()).then(mean(one).total_cmp(&mean(other)))
    }
}

/// Candidates that are compared with the reference, at least that one.
struct Compared {
    scored: Vec<Scored>,
    reference: Figures,
}

impl Compared {
    /// Returns whether a candidate's 95th percentile is at most this multiple of the reference's.
    fn is_within(&self, scored: &Scored, multiple: f64) -> bool {
        f64::from(scored.figures.p95()) <= f64::from(self.reference.p95()) * multiple
    }

    fn balanced(&self) -> Choice {
        let limit = self.reference.node_hours * BALANCED_COST;
        let affordable = || self.scored.iter().filter(|scored| scored.figures.node_hours <= limit);
        let quick = affordable().filter(|scored| self.is_within(scored, BALANCED_WAIT));
        let nearest = || affordable().min_by(Scored::by_wait);
        chosen(quick.min_by(Scored::by_cost), Reason::Met)
            .or_else(|| {
                chosen(nearest().filter(|it| self.is_within(it, MIN_GAIN)), Reason::Nearest)
            })
            .unwrap_or_else(|| self.without_warm_nodes(Reason::NoGain))
    }

    /// Returns the lowest `calmMinutes` that does not lengthen waits much.
    fn without_warm_nodes(&self, reason: Reason) -> Choice {
        let plain = self.scored.iter().filter(|scored| scored.keeps_none);
        let quick = plain.filter(|scored| self.is_within(scored, MAX_LOSS));
        chosen(quick.min_by(Scored::by_cost), reason).unwrap_or(Choice { candidate: 0, reason })
    }

    fn with_max_wait(&self, percent: f64, seconds: u32) -> Choice {
        let is_quick = |scored: &&Scored| scored.figures.waits.percentile(percent) <= seconds;
        let quick = self.scored.iter().filter(is_quick).min_by(Scored::by_cost);
        self.or_nearest(quick, Scored::by_wait)
    }

    fn with_max_cost(&self, node_hours: f64) -> Choice {
        let affordable = self.scored.iter().filter(|it| it.figures.node_hours <= node_hours);
        self.or_nearest(affordable.min_by(Scored::by_wait), Scored::by_cost)
    }

    fn or_nearest(
        &self,
        met: Option<&Scored>,
        order: fn(&&Scored, &&Scored) -> Ordering,
    ) -> Choice {
        chosen(met, Reason::Met)
            .or_else(|| chosen(self.scored.iter().min_by(order), Reason::Nearest))
            .unwrap_or(Choice { candidate: 0, reason: Reason::Nearest })
    }
}

fn chosen(found: Option<&Scored>, reason: Reason) -> Option<Choice> {
    found.map(|scored| Choice { candidate: scored.candidate, reason })
}

/// The share of the reference's 95th percentile that a balanced plan aims at: less than a third, for weeks unlike the past ones.
const BALANCED_WAIT: f64 = 0.27;
/// The multiple of the reference's node hours that a balanced plan may have.
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
