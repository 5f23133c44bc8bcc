//! Properties of pools in api-versions before 2025-06-01: stored and returned, without effect.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the nodes of a pool communicate with Batch.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CommunicationMode {
    /// The choice of Batch.
    #[default]
    Default,
    /// Batch connects to the nodes.
    Classic,
    /// The nodes connect to Batch.
    Simplified,
}

impl CommunicationMode {
    /// Returns the mode in use.
    ///
    /// Batch chooses simplified: it retired the classic mode on 31 March 2026.
    /// <https://learn.microsoft.com/azure/batch/simplified-compute-node-communication>
    pub(crate) fn current(self) -> Self {
        match self {
            Self::Default | Self::Simplified => Self::Simplified,
            Self::Classic => Self::Classic,
        }
    }
}

/// The tags of the Azure resources of a pool, by name.
pub(crate) type ResourceTags = BTreeMap<String, String>;
