//! Makes a failing plan smaller, as long as it still fails: fewer faults, then fewer accidents, then fewer jobs.
//!
//! What is left out changes all that is drawn by lot afterwards, so that a rare failure may be gone though nothing that
//! it takes is missing. A smaller plan is therefore tried with other seeds as well.

use super::fate::Chances;
use super::plan::Plan;

/// With how many seeds a smaller plan is tried.
const SEEDS: u64 = 3;

/// Shrinks a plan that fails, with so many tries at most, and gives the smallest one that was seen to fail.
pub fn shrunk(plan: &Plan, most_tries: usize, fails: impl Fn(&Plan) -> bool) -> Plan {
    let mut shrinking = Shrinking { plan: plan.clone(), tries: most_tries, fails };
    loop {
        let before = shrinking.plan.clone();
        shrinking.drop_chances();
        shrinking.drop_parts(|plan| &mut plan.accidents);
        shrinking.drop_parts(|plan| &mut plan.jobs);
        shrinking.calm_earlier();
        if shrinking.plan == before || shrinking.tries == 0 {
            return shrinking.plan;
        }
    }
}

struct Shrinking<F> {
    plan: Plan,
    tries: usize,
    fails: F,
}

impl<F: Fn(&Plan) -> bool> Shrinking<F> {
    /// Drops halves of a list, then quarters, and so on, wherever the rest still fails.
    fn drop_parts<T>(&mut self, list: impl Fn(&mut Plan) -> &mut Vec<T>) {
        let mut size = list(&mut self.plan).len();
        while size > 0 {
            let mut from = 0;
            while from < list(&mut self.plan).len() {
                let mut smaller = self.plan.clone();
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
        let drops: [fn(&mut Chances); 9] = [
            |chances| chances.faulty = 0.0,
            |chances| chances.slow = 0.0,
            |chances| chances.deaths = 0.0,
            |chances| chances.losses = 0.0,
            |chances| chances.thieves = 0.0,
            |chances| chances.offline = 0.0,
            |chances| chances.listener_deaths = 0.0,
            |chances| chances.terminations = 0.0,
            |chances| chances.old_images = 0.0,
        ];
        for drop in drops {
            let mut smaller = self.plan.clone();
            drop(&mut smaller.chances);
            self.accept(smaller);
        }
    }

    fn calm_earlier(&mut self) {
        let mut smaller = self.plan.clone();
        smaller.calm_at = smaller.calm_at.min(smaller.earliest_calm());
        self.accept(smaller);
    }

    fn accept(&mut self, smaller: Plan) -> bool {
        if smaller == self.plan {
            return false;
        }
        (0..SEEDS).any(|other| {
            let seed = smaller.seed.wrapping_add(other);
            self.tries > 0 && self.fails_as(Plan { seed, ..smaller.clone() })
        })
    }

    fn fails_as(&mut self, smaller: Plan) -> bool {
        self.tries -= 1;
        let fails = (self.fails)(&smaller);
        if fails {
            self.plan = smaller;
        }
        fails
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::plan::Size;

    fn plan() -> Plan {
        Plan::drawn(11, &Size { jobs: 100, faulty: Some(0.2) })
    }

    /// Fails where both jobs are in it, and an accident.
    fn fails(plan: &Plan) -> bool {
        let whole = self::plan();
        let (one, other) = (&whole.jobs[13], &whole.jobs[77]);
        plan.jobs.contains(one)
            && plan.jobs.contains(other)
            && plan.accidents.contains(&whole.accidents[2])
    }

    #[test]
    fn what_is_left_is_what_it_takes_to_fail() {
        let small = shrunk(&plan(), 1000, fails);
        assert!(fails(&small));
        assert_eq!((small.jobs.len(), small.accidents.len()), (2, 1));
        assert_eq!(small.chances, Chances::default());
        assert!(small.calm_at < plan().calm_at);
    }

    #[test]
    fn what_fails_by_another_lot_only_is_found_with_another_seed() {
        let lucky = |plan: &Plan| {
            plan.jobs.len() == 100 || plan.seed.is_multiple_of(3) && plan.jobs.len() > 4
        };
        let small = shrunk(&plan(), 1000, lucky);
        assert_eq!((small.jobs.len(), small.seed % 3), (5, 0));
    }

    #[test]
    fn a_plan_is_tried_as_often_as_allowed_and_the_outcome_fails() {
        let tried = Cell::new(0);
        let counting = |plan: &Plan| {
            tried.set(tried.get() + 1);
            fails(plan)
        };
        let small = shrunk(&plan(), 10, counting);
        assert_eq!(tried.get(), 10);
        assert!(fails(&small));
    }
}
