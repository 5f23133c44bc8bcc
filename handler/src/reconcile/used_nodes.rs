//! Decides how nodes are replaced that have run their one job, in pools of profiles with `nodePerJob`.
//!
//! Batch reimages no node of a pool with a virtual machine configuration, and removes none while automatic scaling is
//! enabled. So the size of the pool is held: recorded, automatic scaling disabled, the nodes removed, and the size
//! restored by a later run, when the pool is steady again. A pool is held for five minutes, even if more nodes are used
//! meanwhile: it does not grow before its formula is evaluated again, and it is not held again before.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Repair;

/// How long nodes are removed before the size of the pool is restored.
const MAX_HELD: TimeDelta = TimeDelta::minutes(5);
/// How long a restored formula may take to be evaluated. The template's interval is five minutes, and the first
/// evaluation may find no samples.
const MAX_UNEVALUATED: TimeDelta = TimeDelta::minutes(15);
/// The maximum number of nodes that Batch removes at once.
const MAX_REMOVED_NODES: usize = 100;

/// A pool of profiles with `nodePerJob`.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePool {
    /// Whether it is not being resized: Batch accepts no change of its size meanwhile.
    pub steady: bool,
    /// What decides its size now.
    pub size: PoolSize,
    /// When its formula was last evaluated without an error.
    pub evaluated: Option<DateTime<Utc>>,
    /// The nodes that get no further task, and run none.
    pub used: Vec<String>,
    /// The record of its size, if nodes were ever removed.
    pub held: Option<HeldSize>,
}

/// What decides the size of a pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolSize {
    /// A formula that Batch evaluates.
    Formula {
        /// The formula.
        formula: String,
        /// The interval of its evaluations, such as `PT5M`.
        interval: String,
    },
    /// A number of nodes.
    Fixed {
        /// The dedicated nodes.
        dedicated: u32,
        /// The spot nodes.
        low_priority: u32,
    },
}

/// The size of a pool from before nodes were removed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct HeldSize {
    /// The size.
    pub size: PoolSize,
    /// When it was recorded.
    pub since: DateTime<Utc>,
    /// When it was restored; `None` while it is held.
    pub restored: Option<DateTime<Utc>>,
}

/// The records of all pools, by the names of the pools.
pub type HeldSizes = BTreeMap<String, HeldSize>;

impl NodePool {
    /// Returns whether its size was restored, and its formula is not evaluated yet.
    pub fn awaits_evaluation(&self, now: DateTime<Utc>) -> bool {
        let restored = self.held.as_ref().and_then(|held| held.restored);
        let Some(restored) = restored else { return false };
        let has_formula = matches!(self.size, PoolSize::Formula { .. });
        let evaluated = self.evaluated.is_some_and(|at| at > restored);
        has_formula && !evaluated && now - restored < MAX_UNEVALUATED
    }

    /// Returns the held record; `None` if there is none, or its size was restored.
    fn open(&self) -> Option<&HeldSize> {
        self.held.as_ref().filter(|held| held.restored.is_none())
    }
}

/// Removes used nodes, and restores the sizes of pools whose nodes were removed.
pub(super) fn plan<'a>(
    pools: &'a BTreeMap<String, NodePool>,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Repair> + 'a {
    pools.iter().filter_map(move |(name, pool)| of_pool(name, pool, now))
}

fn of_pool(name: &str, pool: &NodePool, now: DateTime<Utc>) -> Option<Repair> {
    if !pool.steady || pool.awaits_evaluation(now) {
        return None;
    }
    let name = name.to_owned();
    match pool.open() {
        Some(held) if pool.used.is_empty() || now - held.since >= MAX_HELD => {
            Some(Repair::RestoreSize { pool: name, size: held.size.clone() })
        }
        _ if pool.used.is_empty() => None,
        held => {
            let nodes = pool.used.iter().take(MAX_REMOVED_NODES).cloned().collect();
            // A formula that someone has enabled meanwhile is newer than the record.
            let scaled = matches!(pool.size, PoolSize::Formula { .. });
            Some(Repair::RemoveNodes { pool: name, nodes, hold: held.is_none() || scaled })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn formula(text: &str) -> PoolSize {
        PoolSize::Formula { formula: text.to_owned(), interval: "PT5M".to_owned() }
    }

    fn fixed(dedicated: u32) -> PoolSize {
        PoolSize::Fixed { dedicated, low_priority: 0 }
    }

    fn held(size: PoolSize, restored: Option<i64>) -> Option<HeldSize> {
        Some(HeldSize { size, since: at(0), restored: restored.map(at) })
    }

    fn decided(pool: NodePool, minutes: i64) -> String {
        let size = |size: &PoolSize| match size {
            PoolSize::Formula { formula, .. } => formula.clone(),
            PoolSize::Fixed { dedicated, low_priority } => format!("{dedicated}+{low_priority}"),
        };
        let pools = BTreeMap::from([("p".to_owned(), pool)]);
        let step = match plan(&pools, at(minutes)).next() {
            None => "wait".to_owned(),
            Some(Repair::RemoveNodes { nodes, hold: true, .. }) => {
                format!("hold, remove {}", nodes.len())
            }
            Some(Repair::RemoveNodes { nodes, .. }) => format!("remove {}", nodes.len()),
            Some(Repair::RestoreSize { size: held, .. }) => format!("restore {}", size(&held)),
            Some(other) => panic!("another repair: {other:?}"),
        };
        format!("{minutes} min: {step}")
    }

    fn pool(size: PoolSize, used: usize, held: Option<HeldSize>) -> NodePool {
        let used = (0..used).map(|node| format!("tvm-{node}")).collect();
        NodePool { steady: true, size, evaluated: None, used, held }
    }

    #[test]
    fn used_nodes_are_removed_and_the_size_restored() {
        let busy = NodePool { steady: false, ..pool(formula("f"), 1, None) };
        insta::assert_snapshot!(decided(busy, 0), @"0 min: wait");
        insta::assert_snapshot!(decided(pool(formula("f"), 0, None), 0), @"0 min: wait");
        insta::assert_snapshot!(decided(pool(formula("f"), 101, None), 0), @"0 min: hold, remove 100");
        insta::assert_snapshot!(decided(pool(fixed(3), 1, held(formula("f"), None)), 2), @"2 min: remove 1");
        insta::assert_snapshot!(decided(pool(fixed(2), 0, held(formula("f"), None)), 2), @"2 min: restore f");
        insta::assert_snapshot!(decided(pool(fixed(2), 1, held(formula("f"), None)), 5), @"5 min: restore f");
        insta::assert_snapshot!(decided(pool(fixed(2), 1, held(fixed(3), None)), 2), @"2 min: remove 1");
        insta::assert_snapshot!(decided(pool(fixed(2), 0, held(fixed(3), None)), 2), @"2 min: restore 3+0");
        insta::assert_snapshot!(decided(pool(fixed(3), 1, held(fixed(3), Some(4))), 5), @"5 min: hold, remove 1");
    }

    #[test]
    fn an_interrupted_removal_begins_again_with_the_present_formula() {
        insta::assert_snapshot!(decided(pool(formula("new"), 1, held(formula("f"), None)), 2), @"2 min: hold, remove 1");
    }

    #[test]
    fn a_pool_is_held_again_only_after_an_evaluation() {
        let restored = |evaluated: Option<i64>| NodePool {
            evaluated: evaluated.map(at),
            ..pool(formula("f"), 1, held(formula("f"), Some(4)))
        };
        insta::assert_snapshot!(decided(restored(None), 6), @"6 min: wait");
        insta::assert_snapshot!(decided(restored(Some(3)), 6), @"6 min: wait");
        insta::assert_snapshot!(decided(restored(Some(5)), 6), @"6 min: hold, remove 1");
        insta::assert_snapshot!(decided(restored(None), 19), @"19 min: hold, remove 1");
    }
}
