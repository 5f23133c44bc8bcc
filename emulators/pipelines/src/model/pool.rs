//! Agent pools.

use serde::{Deserialize, Serialize};

/// An agent pool of the organization.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// The id; 0 in a new pool, which gets the next one.
    #[serde(default)]
    pub id: u64,
    /// The name, unique without regard to case.
    pub name: String,
    /// Whether the service updates agents whose version is not that of its package.
    #[serde(default = "yes")]
    pub auto_update: bool,
    /// Whether Microsoft hosts the pool: its agents are not modelled, so its jobs wait.
    #[serde(default)]
    pub is_hosted: bool,
}

impl Pool {
    /// Makes a self-hosted pool with automatic updates, as the page of Azure DevOps does.
    pub fn named(name: &str) -> Self {
        Self { id: 0, name: name.to_owned(), auto_update: true, is_hosted: false }
    }
}

fn yes() -> bool {
    true
}
