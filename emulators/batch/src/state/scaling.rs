//! Automatic scaling of pools: samples, evaluations, and their results.

use autoscale_formula::{Formula, Outcome, Samples};
use chrono::{DateTime, Utc};

use super::pool::{Evaluations, Scaling, Targets};
use super::sampling::SampleHistory;
use super::timers::Timer;
use super::{State, key};
use crate::dto::{
    AutoScaleRun, AutoScaleSettings, Deallocation, Detail, IsoDuration, NamedError, Timestamp,
    check_interval,
};
use crate::error::ApiError;

/// The default evaluation interval.
const DEFAULT_EVALUATION_INTERVAL: IsoDuration = IsoDuration::minutes(15);
/// The minimum time between two calls of Enable AutoScale.
const MIN_ENABLE_INTERVAL_SECONDS: i64 = 30;

impl State {
    /// Parses a formula.
    pub(crate) fn parse_formula(source: &str) -> Result<Formula, ApiError> {
        autoscale_formula::parse(source).map_err(|err| ApiError::bad_formula(&err))
    }

    /// Enables automatic scaling of a pool without a formula.
    pub(super) fn use_formula(
        &mut self,
        id: &str,
        source: &str,
        interval: Option<IsoDuration>,
    ) -> Result<(), ApiError> {
        let formula = Self::parse_formula(source)?;
        let Some(pool) = self.pools.get_mut(id) else { return Err(ApiError::pool_not_found()) };
        pool.scaling = Some(Scaling {
            source: source.to_owned(),
            interval: interval.unwrap_or(DEFAULT_EVALUATION_INTERVAL),
            run: None,
            evaluations: Evaluations::default(),
            formula,
            next: None,
        });
        self.start_sampling(id);
        self.schedule_evaluation(id);
        Ok(())
    }

    /// Enables automatic scaling, or changes its formula or its interval.
    pub(crate) fn enable_scaling(
        &mut self,
        id: &str,
        settings: &AutoScaleSettings,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        check_interval(settings.auto_scale_evaluation_interval)?;
        let formula =
            settings.auto_scale_formula.as_deref().map(Self::parse_formula).transpose()?;
        let id = key(id);
        let pool = self.pool(&id)?;
        pool.check_steady()?;
        let since = pool.scaling_enabled.map(|last| now - last.to_utc());
        if since.is_some_and(|since| since.num_seconds() < MIN_ENABLE_INTERVAL_SECONDS) {
            return Err(ApiError::too_many_enable_requests());
        }
        let source = settings.auto_scale_formula.as_deref();
        let at = self.stamp(now);
        let interval = settings.auto_scale_evaluation_interval;
        let pool = self.pool_mut(&id)?;
        match (&mut pool.scaling, source) {
            (None, None) => return Err(ApiError::missing_property("autoScaleFormula")),
            (None, Some(source)) => self.use_formula(&id, source, interval)?,
            (Some(scaling), _) => {
                if let (Some(source), Some(formula)) = (source, formula) {
                    (scaling.source, scaling.formula) = (source.to_owned(), formula);
                }
                if let Some(interval) = interval {
                    scaling.interval = interval;
                    self.schedule_evaluation(&id);
                }
            }
        }
        let enabled = Some(self.current_timestamp());
        let pool = self.pool_mut(&id)?;
        (pool.scaling_enabled, pool.modified) = (enabled, at);
        if self.rules.evaluate_when_enabled {
            self.evaluate(&id);
        }
        Ok(())
    }

    /// Disables automatic scaling; the pool keeps its targets.
    ///
    /// When it is enabled again, there are no samples: the notes on `AutoPoolFormula` of
    /// <https://github.com/microsoft/ga4gh-tes> state this of the service.
    pub(crate) fn disable_scaling(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let pool = self.pool_mut(id)?;
        pool.check_steady()?;
        if pool.scaling.take().is_none() {
            return Err(ApiError::wrong_state());
        }
        pool.modified = at;
        self.samples.remove(&key(id));
        Ok(())
    }

    /// Evaluates a formula for a pool without changing anything.
    pub(crate) fn evaluate_once(
        &mut self,
        id: &str,
        source: &str,
        now: DateTime<Utc>,
    ) -> Result<AutoScaleRun, ApiError> {
        let pool = self.pool(id)?;
        pool.check_not_deleting()?;
        if pool.scaling.is_none() {
            return Err(ApiError::scaling_disabled());
        }
        let formula = Self::parse_formula(source)?;
        let at = Timestamp::of(now);
        let outcome = self.outcome(&key(id), &formula, at);
        Ok(run(&outcome, at))
    }

    /// Evaluates a pool's formula, unless the evaluation was rescheduled meanwhile.
    pub(super) fn evaluate_when_due(&mut self, id: &str, due: Timestamp) {
        let scaling = self.pools.get(id).and_then(|pool| pool.scaling.as_ref());
        if scaling.is_some_and(|scaling| scaling.next == Some(due)) {
            self.schedule_evaluation(id);
            self.evaluate(id);
        }
    }

    /// Evaluates a pool's formula and starts the resize that it requests.
    ///
    /// A failed evaluation keeps the targets.
    pub(super) fn evaluate(&mut self, id: &str) {
        let at = self.current_timestamp();
        let Some(scaling) = self.pools.get(id).and_then(|pool| pool.scaling.as_ref()) else {
            return;
        };
        let formula = scaling.formula.clone();
        let outcome = self.outcome(id, &formula, at);
        let retries = self.rules.retry_failed_resize;
        let Some(pool) = self.pools.get_mut(id) else { return };
        let deallocation = Deallocation::from(outcome.deallocation_option);
        if let Some(scaling) = &mut pool.scaling {
            scaling.run = Some(run(&outcome, at));
            scaling.evaluations.count(&outcome);
        }
        let targets = Targets {
            dedicated: outcome.target_dedicated_nodes,
            low_priority: outcome.target_low_priority_nodes,
        };
        let unmet =
            retries && [true, false].iter().any(|kind| pool.committed(*kind) != targets.of(*kind));
        if outcome.error.is_none() && (targets != pool.targets || unmet) {
            let at = self.stamp(self.now);
            self.start_resize(id, targets, deallocation, at);
        }
    }

    fn outcome(&mut self, id: &str, formula: &Formula, at: Timestamp) -> Outcome {
        let seed = self.next();
        let choices = &self.rules.formulas;
        let nothing = Samples::new;
        match self.samples.get_mut(id).zip(self.pools.get(id)) {
            Some((sampling, pool)) => {
                let samples = sampling.samples_for(pool, seed, at);
                formula.evaluate_with(samples, at.to_utc(), choices)
            }
            None => formula.evaluate_with(&nothing(), at.to_utc(), choices),
        }
    }

    /// Schedules the next evaluation, one interval from now.
    fn schedule_evaluation(&mut self, id: &str) {
        let now = self.current_timestamp();
        let Some(scaling) = self.pools.get_mut(id).and_then(|pool| pool.scaling.as_mut()) else {
            return;
        };
        scaling.next = now.after(scaling.interval);
        let evaluation = Timer::Evaluation { pool: id.to_owned() };
        self.timers.extend(scaling.next.map(|due| (due, evaluation)));
    }

    /// Starts sampling a pool.
    pub(super) fn start_sampling(&mut self, id: &str) {
        if self.samples.contains_key(id) {
            return;
        }
        let (sampling, next) = SampleHistory::starting_at(self.current_timestamp());
        self.samples.insert(id.to_owned(), sampling);
        self.timers.insert((next, Timer::Sample { pool: id.to_owned() }));
    }

    /// Samples a pool while it exists.
    pub(super) fn take_sample(&mut self, id: &str, due: Timestamp) {
        let (active, running) = self.active_and_running(id);
        let Some(pool) = self.pools.get(id) else {
            self.samples.remove(id);
            return;
        };
        let Some(sampling) = self.samples.get_mut(id).filter(|sampling| sampling.is_next(due))
        else {
            return;
        };
        let values = SampleHistory::values(pool, active, running);
        let next = sampling.record(due, &values, &self.rules, &mut self.sample_rng);
        self.timers.insert((next, Timer::Sample { pool: id.to_owned() }));
    }
}

/// Returns an outcome as Batch reports it.
fn run(outcome: &Outcome, at: Timestamp) -> AutoScaleRun {
    let error = outcome.error.as_ref().map(|err| NamedError {
        code: err.code().as_str(),
        message: err.code().message().to_owned(),
        values: vec![Detail { name: "Message".to_owned(), value: err.to_string() }],
    });
    AutoScaleRun { timestamp: at, results: outcome.to_string(), error }
}
