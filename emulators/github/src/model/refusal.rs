//! Refusals of a credential that GitHub knows: what an organization's policy, or an expired token, causes.

use serde::{Deserialize, Serialize};

/// A rule by which requests are refused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The account that the refused requests are about; `None` means all requests, with an App's JWT as well.
    #[serde(default)]
    pub account: Option<String>,
    /// The refused operation, by its name in the operation table; `None` means all.
    #[serde(default)]
    pub operation: Option<String>,
    /// The reason.
    pub reason: RefusalReason,
}

/// The reason for which a request is refused.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalReason {
    /// The token has expired or was revoked: 401.
    BadCredentials,
    /// The organization enforces single sign-on, and the token is not authorized for it: 403.
    SingleSignOn,
    /// The organization has an IP allow list that lacks the caller's address: 403.
    IpAllowList,
    /// The token, or the App, lacks a permission: 403.
    Permission,
    /// GitHub does not show it to the token, or the App: 404. A repository is missing in lists as well.
    NotFound,
}
