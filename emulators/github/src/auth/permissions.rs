//! Access rules of the API's operations.
//!
//! <https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>

use super::permission_levels::includes;
use crate::model::app::InstallationToken;

/// The credentials that an operation requires.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// No credentials; wrong ones are still rejected.
    Public,
    /// The user's token only.
    User,
    /// The user's token, or an installation token with this permission.
    Permission(&'static str, Level),
    /// An installation token only.
    Installation,
    /// The App's own JWT only.
    AppJwt,
    /// Not the API: the runner service has its own credentials.
    Runner,
}

/// The level of a permission.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Level {
    /// `read`; `write` includes it.
    Read,
    /// `write`.
    Write,
}

/// Every installation token has `metadata: read`.
pub(crate) const METADATA: Access = Access::Permission("metadata", Level::Read);
pub(crate) const ACTIONS_READ: Access = Access::Permission("actions", Level::Read);
pub(crate) const ACTIONS_WRITE: Access = Access::Permission("actions", Level::Write);
pub(crate) const REPO_RUNNERS_READ: Access = Access::Permission("administration", Level::Read);
pub(crate) const REPO_RUNNERS_WRITE: Access = Access::Permission("administration", Level::Write);
pub(crate) const ORG_RUNNERS_READ: Access =
    Access::Permission("organization_self_hosted_runners", Level::Read);
pub(crate) const ORG_RUNNERS_WRITE: Access =
    Access::Permission("organization_self_hosted_runners", Level::Write);
pub(crate) const REPO_HOOKS_READ: Access = Access::Permission("repository_hooks", Level::Read);
pub(crate) const REPO_HOOKS_WRITE: Access = Access::Permission("repository_hooks", Level::Write);
pub(crate) const ORG_HOOKS_READ: Access = Access::Permission("organization_hooks", Level::Read);
pub(crate) const ORG_HOOKS_WRITE: Access = Access::Permission("organization_hooks", Level::Write);

impl Level {
    /// Returns GitHub's word for the level.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Access {
    /// Returns whether an installation token may call the operation.
    pub(crate) fn allows(self, token: &InstallationToken) -> bool {
        match self {
            Self::Public => true,
            Self::Permission(permission, level) => {
                includes(&token.permissions, permission, level.name())
            }
            Self::Installation => true,
            Self::User | Self::AppJwt | Self::Runner => false,
        }
    }
}
