//! Judging a plan: chosen by the weeks before, judged on the week itself.

use std::ops::Range;

use rayon::prelude::*;

use crate::baselines::Baseline;
use crate::candidate::Candidate;
use crate::choice::{Choice, MIN_WEEKS, Objective, choose};
use crate::demand::Demand;
use crate::trace::Trace;
use crate::weeks::{Conditions, Figures, Weeks};

/// A plan and its baselines on the judged weeks of a trace.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The judged weeks.
    pub weeks: Range<usize>,
    /// The choice of each judged week.
    pub choices: Vec<(Candidate, Choice)>,
    /// The plan.
    pub plan: Figures,
    /// The baselines, the default first.
    pub baselines: Vec<(&'static str, Figures)>,
}

/// Returns the weeks that are judged.
pub fn judged_weeks(weeks: usize) -> Range<usize> {
    MIN_WEEKS.min(weeks)..weeks
}

/// Judges plans for the weeks of `range`.
pub fn judge(
    trace: &Trace,
    demand: &Demand,
    conditions: &Conditions,
    weeks: &Weeks,
    objective: Objective,
    range: Range<usize>,
) -> Judged {
    let choices: Vec<_> = range
        .clone()
        .map(|week| {
            let choice = choose(weeks, demand, week, objective);
            (weeks.candidates[choice.candidate], choice)
        })
        .collect();
    let of = |(week, (_, choice)): (usize, &(Candidate, Choice))| {
        weeks.figures[choice.candidate][week].as_ref()
    };
    let plan: Vec<&Figures> = range.clone().zip(&choices).filter_map(of).collect();
    let slots = weeks.candidates.first().map_or(1, |first| first.slots);
    let baselines = Baseline::all(slots).into_par_iter().map(|(name, baseline)| {
        let figures: Vec<Figures> = range
            .clone()
            .filter_map(|week| baseline.figures(trace, demand, conditions, week))
            .collect();
        (name, Figures::sum(&figures))
    });
    Judged { plan: Figures::sum(plan), baselines: baselines.collect(), weeks: range, choices }
}
