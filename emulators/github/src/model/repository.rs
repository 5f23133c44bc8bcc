//! Repositories whose jobs are emulated.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The visibility of a repository.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Visible to accounts with access.
    #[default]
    Private,
    /// Visible to everyone.
    Public,
    /// Visible to the members of the enterprise.
    Internal,
}

/// A repository.
#[derive(Clone, Debug, Serialize)]
pub struct Repository {
    /// The id.
    pub id: u64,
    /// `owner/name`, as first spelt.
    pub full_name: String,
    /// The id of the owner.
    pub owner_id: u64,
    /// Whether the owner is an organization, not a user.
    pub organization: bool,
    /// The visibility.
    pub visibility: Visibility,
    /// The time of creation.
    pub created_at: DateTime<Utc>,
}

impl Repository {
    /// Returns the owner's login.
    pub fn owner(&self) -> &str {
        self.full_name.split_once('/').map_or(self.full_name.as_str(), |(owner, _)| owner)
    }

    /// Returns the name without the owner.
    pub fn name(&self) -> &str {
        self.full_name.split_once('/').map_or("", |(_, name)| name)
    }
}

impl Visibility {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}
