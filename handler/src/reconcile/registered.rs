//! The registered runners of a snapshot, and which lists of them were read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::repository::Repository;
use crate::scope::Scope;
use crate::task::TaskId;

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
    /// Returns whether the list was read in which the runner of a repository's job is.
    pub fn were_read(&self, scope: &Scope, repository: &Repository) -> bool {
        self.read.contains(&Level::of(scope, repository))
    }
}

/// What precedes the organization in the name of a level whose runners it inherits.
const INHERITED_BY: &str = "the enterprise of orgs/";

/// A level of GitHub at which runners are registered: its API path in lower case, such as `orgs/octo`. The enterprise of an
/// organization has no path that the credential is known to read: its level is `the enterprise of orgs/octo`.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Level(String);

impl Level {
    /// Returns the level at which this deployment registers the runners of a repository's jobs.
    pub fn of(scope: &Scope, repository: &Repository) -> Self {
        Self(scope.api_path(repository).to_ascii_lowercase())
    }

    /// Lists the levels whose runners GitHub can give a job of a repository, as far as they are known.
    pub fn serving(scope: &Scope, repository: &Repository) -> BTreeSet<Self> {
        let of = |scope| Self::of(scope, repository);
        let mut levels: BTreeSet<Self> =
            [&Scope::Repository, &Scope::Organization, scope].map(of).into();
        // The list of an enterprise has the runners that its organizations inherit.
        if !matches!(scope, Scope::Enterprise(_)) {
            levels.insert(Self::inherited(repository));
        }
        levels
    }

    /// Returns the level of the enterprise's runners that the organization of a repository inherits.
    pub fn inherited(repository: &Repository) -> Self {
        Self(format!("{INHERITED_BY}{}", repository.owner().to_ascii_lowercase()))
    }

    /// Returns the organization that inherits the runners of this level from its enterprise; `None` of any other level.
    pub fn inheriting_organization(&self) -> Option<&str> {
        self.0.strip_prefix(INHERITED_BY)
    }

    /// Returns whether it is that of an organization, or of a person, who has none.
    pub fn is_organization(&self) -> bool {
        self.0.starts_with("orgs/")
    }

    /// Returns the API path.
    pub fn path(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
