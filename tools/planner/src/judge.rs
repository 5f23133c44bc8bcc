//! Judging a plan: chosen by the weeks before, judged on the week itself.

use std::ops::Range;

use rayon::prelude::*;

use crate::baselines::Baseline;
use crate::candidate::Candidate;
use crate::choice::{Choice, MIN_WEEKS, Objective, choose};
use crate::demand::Demand;
use crate::resample::resampled;
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
    /// The baselines, the reference first.
    pub baselines: Vec<(&'static str, Figures)>,
    /// The figures of the plan and then of the baselines on resampled weeks.
    pub resampled: Vec<Vec<Figures>>,
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'a> {
    /// The jobs.
    pub trace: &'a Trace,
    /// Their demand.
    pub demand: &'a Demand,
    /// What is planned for.
    pub conditions: &'a Conditions,
    /// The figures of all candidates.
    pub weeks: &'a Weeks,
    /// What plans are chosen for.
    pub objective: Objective,
    /// How often the judged weeks are resampled.
    pub resamples: u64,
}

/// Returns the weeks that are judged.
pub fn judged_weeks(weeks: usize) -> Range<usize> {
    MIN_WEEKS.min(weeks)..weeks
}

impl Judgement<'_> {
    /// Judges plans for the weeks of `range`. `progress` is called after each resample.
    pub fn of(self, range: Range<usize>, progress: &(dyn Fn() + Sync)) -> Judged {
        let choices: Vec<_> = range.clone().map(|week| self.chosen(week)).collect();
        let of = |(week, (_, choice)): (usize, &(Candidate, Choice))| {
            self.weeks.figures[choice.candidate][week].as_ref()
        };
        let plan: Vec<&Figures> = range.clone().zip(&choices).filter_map(of).collect();
        let candidates: Vec<Candidate> = choices.iter().map(|(candidate, _)| *candidate).collect();
        let resampled = (0..self.resamples).into_par_iter().map(|number| {
            let trace = resampled(self.trace, range.clone(), number);
            let figures = self.on(&trace, range.clone(), &candidates);
            progress();
            figures
        });
        Judged {
            plan: Figures::sum(plan),
            baselines: self.baselines(self.trace, &range),
            resampled: resampled.collect(),
            weeks: range,
            choices,
        }
    }

    fn chosen(&self, week: usize) -> (Candidate, Choice) {
        let choice = choose(self.weeks, self.demand, week, self.objective);
        (self.weeks.candidates[choice.candidate], choice)
    }

    /// Returns the figures of the chosen plans and of the baselines with other jobs in the judged weeks. What is chosen and its numbers
    /// are those by the jobs of the past.
    fn on(&self, trace: &Trace, range: Range<usize>, plan: &[Candidate]) -> Vec<Figures> {
        let weeks = range.clone().zip(plan).filter_map(|(week, candidate)| {
            Baseline::Formula(*candidate).figures(trace, self.demand, self.conditions, week)
        });
        let plan = Figures::sum(&weeks.collect::<Vec<_>>());
        let baselines = self.baselines(trace, &range);
        std::iter::once(plan).chain(baselines.into_iter().map(|(_, figures)| figures)).collect()
    }

    fn baselines(&self, trace: &Trace, range: &Range<usize>) -> Vec<(&'static str, Figures)> {
        let slots = self.weeks.candidates.first().map_or(1, |first| first.slots);
        let of = |(name, baseline): (&'static str, Baseline)| {
            let figures = |week| baseline.figures(trace, self.demand, self.conditions, week);
            (name, Figures::sum(&range.clone().filter_map(figures).collect::<Vec<_>>()))
        };
        Baseline::all(slots).into_par_iter().map(of).collect()
    }
}
