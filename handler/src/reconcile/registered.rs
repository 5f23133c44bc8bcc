//! The registered runners of a snapshot, and which lists of them were read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use crate::repository::Repository;
use crate::task::TaskId;

pub use crate::scope::Level;

/// The registered runners, as far as their lists were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runners {
    /// The runners whose names have the form of this deployment's names. They were listed before the tasks: a runner
    /// without a task had none then.
    pub named: Vec<RegisteredRunner>,
    /// The other runners.
    pub others: Vec<OtherRunner>,
    /// The levels whose lists were read.
    pub read: BTreeSet<Level>,
    /// The levels whose lists were not read, and may be read by the next run.
    pub unread: BTreeSet<Level>,
    /// The ids of this deployment's runner groups at each level; a level is missing if they were not looked up.
    pub groups: BTreeMap<Level, BTreeSet<u64>>,
}

impl Runners {
    /// Returns whether the lists of all these levels were read.
    pub fn were_read(&self, levels: &BTreeSet<Level>) -> bool {
        levels.is_subset(&self.read)
    }
}

/// A registered runner whose name has the form of this deployment's names. The name alone does not prove that this
/// deployment registered it.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisteredRunner {
    /// The id that GitHub gave to it.
    pub id: u64,
    /// Its name, which is the id of its task if it is of this deployment.
    pub name: TaskId,
    /// A repository of the level at which it is registered.
    pub repository: Repository,
    /// Whether it is connected.
    pub online: bool,
    /// Whether it has a job.
    pub busy: bool,
    /// Its version, once it has connected.
    pub version: Option<String>,
    /// Whether it deregisters after one job. An older GitHub Enterprise Server does not say so, and then it may.
    pub ephemeral: bool,
    /// Its labels.
    pub labels: Vec<String>,
    /// The id of its runner group, if GitHub shows it.
    pub group: Option<u64>,
}

/// A runner that another program or a person registered.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherRunner {
    /// The level at which it is registered.
    pub level: Level,
    /// Its labels, in lower case.
    pub labels: BTreeSet<String>,
    /// Whether it deregisters after one job.
    pub ephemeral: bool,
    /// When it was registered at the latest. It may not be any more, if it is ephemeral.
    pub seen_at: DateTime<Utc>,
}

impl fmt::Display for OtherRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ephemeral {
            false => write!(f, "a runner that is registered at {}", self.level),
            true => {
                let day = self.seen_at.format("%Y-%m-%d");
                write!(f, "an ephemeral runner, registered at {} as of {day},", self.level)
            }
        }
    }
}
