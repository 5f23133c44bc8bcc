//! Describes the repositories whose jobs are emulated.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who may see a repository.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Whoever was given access.
    #[default]
    Private,
    /// Everybody.
    Public,
    /// The members of the enterprise.
    Internal,
}

/// A repository.
#[derive(Clone, Debug, Serialize)]
pub struct Repository {
    /// Its number.
    pub id: u64,
    /// Owner and name, as first spelt.
    pub full_name: String,
    /// The owner's number.
    pub owner_id: u64,
    /// Whether an organization owns it, not a person.
    pub organization: bool,
    /// Who may see it.
    pub visibility: Visibility,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Repository {
    /// Tells the owner's login.
    pub fn owner(&self) -> &str {
        self.full_name.split_once('/').map_or(self.full_name.as_str(), |(owner, _)| owner)
    }

    /// Tells the name without the owner.
    pub fn name(&self) -> &str {
        self.full_name.split_once('/').map_or("", |(_, name)| name)
    }
}

impl Visibility {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}
