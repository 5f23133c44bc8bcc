//! Decides whether a pool is woken: whether its formula is replaced, so that it requests nodes for waiting tasks before its
//! samples show them.
//!
//! Batch samples tasks with a delay and evaluates a formula every five minutes at most. A formula that can be woken has the
//! assignments `wakeNodes = 0;` and `wakeUntil = time("1970-01-01T00:00:00Z");`, and requests at least `wakeNodes` nodes
//! until that time. The handler replaces the two values. So a later evaluation finds them too, if Batch does not evaluate a
//! replaced formula immediately, and no further call is needed when the time is over.

use std::ops::Range;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// How long the nodes are requested: an evaluation interval, the delay of samples, and the start of a node, after which the
/// samples show the tasks.
const WAKE_FOR: TimeDelta = TimeDelta::minutes(15);
/// The shortest time between two replacements. Batch accepts one in 30 seconds.
/// <https://learn.microsoft.com/rest/api/batchservice/pools/enable-pool-auto-scale>
pub const MIN_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// A pool with automatic scaling, and the demand for its nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct WakeablePool {
    /// Its formula.
    pub formula: String,
    /// The number of nodes that it is to have.
    pub target: u32,
    /// The maximum number of nodes, if the formula states it.
    pub maximum: Option<u32>,
    /// The number of task slots of each node.
    pub slots: u32,
}

/// What is done with a pool.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// Its formula is replaced by this one.
    Replace {
        /// The new formula.
        formula: String,
        /// The number of nodes that it requests.
        nodes: u32,
    },
    /// It has, or is to have, enough nodes.
    Enough,
    /// Its formula was replaced less than a minute ago.
    Recent,
    /// Its formula lacks the two assignments.
    Unsupported,
}

/// The values of the two assignments, and where they are.
#[derive(Debug, PartialEq)]
struct Values {
    nodes: u32,
    nodes_at: Range<usize>,
    until: DateTime<Utc>,
    until_at: Range<usize>,
}

impl WakeablePool {
    /// Decides for this number of task slots that tasks occupy or wait for.
    pub fn wake(&self, wanted_slots: u32, now: DateTime<Utc>) -> Wake {
        let wanted = wanted_slots.div_ceil(self.slots.max(1));
        let wanted = wanted.min(self.maximum.unwrap_or(u32::MAX));
        if wanted <= self.target {
            return Wake::Enough;
        }
        let Some(values) = Values::find(&self.formula) else { return Wake::Unsupported };
        let is_awake = now < values.until;
        if is_awake && values.nodes >= wanted {
            return Wake::Enough;
        }
        if is_awake && now - (values.until - WAKE_FOR) < MIN_INTERVAL {
            return Wake::Recent;
        }
        Wake::Replace {
            formula: values.replaced(&self.formula, wanted, now + WAKE_FOR),
            nodes: wanted,
        }
    }
}

impl Values {
    fn find(formula: &str) -> Option<Self> {
        let (nodes, nodes_at) = value(formula, "wakeNodes")?;
        let (until, until_at) = value(formula, "wakeUntil")?;
        let until = until.strip_prefix("time(\"")?.strip_suffix("\")")?;
        let until = DateTime::parse_from_rfc3339(until).ok()?.to_utc();
        Some(Self { nodes: nodes.parse().ok()?, nodes_at, until, until_at })
    }

    fn replaced(&self, formula: &str, nodes: u32, until: DateTime<Utc>) -> String {
        let until = format!("time(\"{}\")", until.to_rfc3339_opts(SecondsFormat::Secs, true));
        let mut new = formula.to_owned();
        let mut changes =
            [(self.nodes_at.clone(), nodes.to_string()), (self.until_at.clone(), until)];
        // From the end, so that the first change does not move the other.
        changes.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        for (at, text) in changes {
            new.replace_range(at, &text);
        }
        new
    }
}

/// Returns the value that a line of its own assigns to a variable, and where it is. Several such lines count as none.
fn value<'f>(formula: &'f str, name: &str) -> Option<(&'f str, Range<usize>)> {
    let mut found = None;
    for line in formula.lines() {
        let Some(rest) = line.trim_start().strip_prefix(name) else { continue };
        let Some(rest) = rest.trim_start().strip_prefix('=') else { continue };
        if rest.starts_with('=') {
            continue;
        }
        let value = rest.split_once(';')?.0.trim();
        let start = value.as_ptr() as usize - formula.as_ptr() as usize;
        if found.replace((value, start..start + value.len())).is_some() {
            return None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMULA: &str = "maxNodes = 10;\nwakeNodes = 0;\r\n  wakeUntil = time(\"1970-01-01T00:00:00Z\"); // since\nnodes = time() < wakeUntil ? wakeNodes : 0;\n";

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a time") + TimeDelta::minutes(minutes)
    }

    fn pool(formula: &str) -> WakeablePool {
        WakeablePool { formula: formula.to_owned(), target: 1, maximum: Some(10), slots: 2 }
    }

    #[test]
    fn the_two_values_are_replaced_and_nothing_else() {
        let Wake::Replace { formula, nodes } = pool(FORMULA).wake(5, at(0)) else {
            panic!("not woken");
        };
        assert_eq!(nodes, 3);
        insta::assert_snapshot!(formula, @r#"
        maxNodes = 10;
        wakeNodes = 3;
          wakeUntil = time("2027-01-15T08:15:00Z"); // since
        nodes = time() < wakeUntil ? wakeNodes : 0;
        "#);
    }

    #[test]
    fn a_pool_is_woken_again_for_more_tasks_after_a_minute() {
        let Wake::Replace { formula, .. } = pool(FORMULA).wake(5, at(0)) else {
            panic!("not woken");
        };
        let woken = pool(&formula);
        assert_eq!(woken.wake(6, at(3)), Wake::Enough);
        assert_eq!(woken.wake(9, at(0)), Wake::Recent);
        assert!(matches!(woken.wake(9, at(1)), Wake::Replace { nodes: 5, .. }));
        assert!(matches!(woken.wake(5, at(15)), Wake::Replace { nodes: 3, .. }));
    }

    #[test]
    fn no_more_nodes_are_requested_than_the_pool_may_have() {
        assert!(matches!(pool(FORMULA).wake(500, at(0)), Wake::Replace { nodes: 10, .. }));
        let full = WakeablePool { target: 10, ..pool(FORMULA) };
        assert_eq!(full.wake(500, at(0)), Wake::Enough);
        assert_eq!(pool(FORMULA).wake(2, at(0)), Wake::Enough);
    }

    #[test]
    fn a_formula_without_the_assignments_is_left_alone() {
        for formula in [
            "",
            "$TargetDedicatedNodes = 1;",
            "wakeNodes = 0;",
            "wakeNodes = 0; wakeUntil = time(\"1970-01-01T00:00:00Z\");",
            "wakeNodes = 0;\nwakeUntil = time();",
            "wakeNodes = 1 + 1;\nwakeUntil = time(\"1970-01-01T00:00:00Z\");",
            "wakeNodes = 0;\nwakeNodes = 1;\nwakeUntil = time(\"1970-01-01T00:00:00Z\");",
            "wakeNodes == 0;\nwakeUntil = time(\"1970-01-01T00:00:00Z\");",
        ] {
            assert_eq!(pool(formula).wake(5, at(0)), Wake::Unsupported, "{formula}");
        }
    }
}
