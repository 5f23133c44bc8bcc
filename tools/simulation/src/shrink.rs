//! Shrinks a failing scenario while it still fails: fewer fault rates, then fewer scheduled faults, then fewer jobs.
//!
//! Removing a part changes all later random choices, so a rare failure may vanish although nothing it needs is missing.
//! A smaller scenario is therefore tried with other seeds as well.

use super::scenario::FaultRates;
use super::scenario::Scenario;
use super::scenario::pipelines::{AgentFaultRates, Organization};

/// Seeds with which a smaller scenario is tried.
const SEEDS: u64 = 3;

/// Shrinks a failing scenario within a number of tries, and returns the smallest one that failed.
pub fn shrunk(
    scenario: &Scenario,
    most_tries: usize,
    fails: impl Fn(&Scenario) -> bool,
) -> Scenario {
    let mut shrinking = Shrinking { scenario: scenario.clone(), tries: most_tries, fails };
    loop {
        let before = shrinking.scenario.clone();
        shrinking.drop_chances();
        shrinking.drop_organization();
        shrinking.drop_items(|scenario| &mut scenario.scheduled_faults);
        shrinking.drop_items(|scenario| &mut scenario.jobs);
        shrinking.end_faults_earlier();
        if shrinking.scenario == before || shrinking.tries == 0 {
            return shrinking.scenario;
        }
    }
}

struct Shrinking<F> {
    scenario: Scenario,
    tries: usize,
    fails: F,
}

impl<F: Fn(&Scenario) -> bool> Shrinking<F> {
    /// Drops halves of a list, then quarters, and so on, as long as the scenario still fails.
    fn drop_items<T>(&mut self, list: impl Fn(&mut Scenario) -> &mut Vec<T>) {
        let mut size = list(&mut self.scenario).len();
        while size > 0 {
            let mut from = 0;
            while from < list(&mut self.scenario).len() {
                let mut smaller = self.scenario.clone();
                let parts = list(&mut smaller);
                let to = parts.len().min(from + size);
                parts.drain(from..to);
                if !self.accept(smaller) {
                    from = to;
                }
            }
            size /= 2;
        }
    }

    fn drop_chances(&mut self) {
        let drops: [fn(&mut FaultRates); 12] = [
            |fault_rates| fault_rates.faulty_calls = 0.0,
            |fault_rates| fault_rates.slow_calls = 0.0,
            |fault_rates| fault_rates.invocation_kills = 0.0,
            |fault_rates| fault_rates.node_losses = 0.0,
            |fault_rates| fault_rates.ticket_replays = 0.0,
            |fault_rates| fault_rates.offline_runners = 0.0,
            |fault_rates| fault_rates.listener_kills = 0.0,
            |fault_rates| fault_rates.terminations = 0.0,
            |fault_rates| fault_rates.old_images = 0.0,
            |fault_rates| fault_rates.outliving_jobs = 0.0,
            |fault_rates| fault_rates.stopped_listeners = 0.0,
            |fault_rates| fault_rates.odd_items = 0.0,
        ];
        for drop in drops {
            let mut smaller = self.scenario.clone();
            drop(&mut smaller.fault_rates);
            self.accept(smaller);
        }
    }

    /// Drops the organization, or else as many of its jobs and faults as possible.
    fn drop_organization(&mut self) {
        self.accept(Scenario { pipelines: None, ..self.scenario.clone() });
        if self.scenario.pipelines.is_none() {
            return;
        }
        fn plan(scenario: &mut Scenario) -> &mut Organization {
            scenario.pipelines.as_mut().expect("only the whole of it is dropped")
        }
        self.drop_items(|scenario| &mut plan(scenario).scheduled_faults);
        self.drop_items(|scenario| &mut plan(scenario).jobs);
        let mut smaller = self.scenario.clone();
        plan(&mut smaller).fault_rates = AgentFaultRates::default();
        self.accept(smaller);
    }

    fn end_faults_earlier(&mut self) {
        let mut smaller = self.scenario.clone();
        smaller.faults_end_at = smaller.faults_end_at.min(smaller.earliest_faults_end());
        self.accept(smaller);
    }

    fn accept(&mut self, smaller: Scenario) -> bool {
        if smaller == self.scenario {
            return false;
        }
        (0..SEEDS).any(|other| {
            let seed = smaller.seed.wrapping_add(other);
            self.tries > 0 && self.fails_as(Scenario { seed, ..smaller.clone() })
        })
    }

    fn fails_as(&mut self, smaller: Scenario) -> bool {
        self.tries -= 1;
        let fails = (self.fails)(&smaller);
        if fails {
            self.scenario = smaller;
        }
        fails
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::scenario::Size;

    fn scenario() -> Scenario {
        Scenario::generated(
            11,
            &Size {
                jobs: 100,
                fault_rate: Some(0.2),
                service: Some(crate::scenario::Service::Github),
            },
        )
    }

    /// Fails if both jobs and a scheduled fault are in the scenario.
    fn fails(scenario: &Scenario) -> bool {
        let whole = self::scenario();
        let (one, other) = (&whole.jobs[13], &whole.jobs[77]);
        scenario.jobs.contains(one)
            && scenario.jobs.contains(other)
            && scenario.scheduled_faults.contains(&whole.scheduled_faults[2])
    }

    #[test]
    fn only_what_the_failure_needs_remains() {
        let small = shrunk(&scenario(), 1000, fails);
        assert!(fails(&small));
        assert_eq!((small.jobs.len(), small.scheduled_faults.len()), (2, 1));
        assert_eq!(small.fault_rates, FaultRates::default());
        assert!(small.faults_end_at < scenario().faults_end_at);
    }

    #[test]
    fn a_failure_by_chance_is_found_with_another_seed() {
        let lucky = |scenario: &Scenario| {
            scenario.jobs.len() == 100 || scenario.seed.is_multiple_of(3) && scenario.jobs.len() > 4
        };
        let small = shrunk(&scenario(), 1000, lucky);
        assert_eq!((small.jobs.len(), small.seed % 3), (5, 0));
    }

    #[test]
    fn tries_are_limited_and_the_result_fails() {
        let tried = Cell::new(0);
        let counting = |scenario: &Scenario| {
            tried.set(tried.get() + 1);
            fails(scenario)
        };
        let small = shrunk(&scenario(), 10, counting);
        assert_eq!(tried.get(), 10);
        assert!(fails(&small));
    }
}
