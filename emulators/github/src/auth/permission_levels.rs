//! The permissions that an App can have, and their levels.
//!
//! Names and levels are those of `app-permissions` in <https://github.com/github/rest-api-description>.

use std::collections::BTreeMap;

const READ_WRITE: &[&str] = &["read", "write"];
const READ: &[&str] = &["read"];
const WRITE: &[&str] = &["write"];
const READ_WRITE_ADMIN: &[&str] = &["read", "write", "admin"];

/// Permissions whose levels are not `read` and `write`.
const OTHER_LEVELS: [(&str, &[&str]); 8] = [
    ("enterprise_custom_properties_for_organizations", READ_WRITE_ADMIN),
    ("organization_custom_properties", READ_WRITE_ADMIN),
    ("organization_events", READ),
    ("organization_plan", READ),
    ("organization_projects", READ_WRITE_ADMIN),
    ("profile", WRITE),
    ("repository_projects", READ_WRITE_ADMIN),
    ("workflows", WRITE),
];

/// Permissions with the levels `read` and `write`.
const NAMES: [&str; 51] = [
    "actions",
    "administration",
    "artifact_metadata",
    "attestations",
    "checks",
    "code_quality",
    "codespaces",
    "contents",
    "custom_properties_for_organizations",
    "dependabot_secrets",
    "deployments",
    "discussions",
    "email_addresses",
    "enterprise_administration",
    "enterprise_organization_installation_repositories",
    "enterprise_organization_installations",
    "environments",
    "followers",
    "git_ssh_keys",
    "gpg_keys",
    "interaction_limits",
    "issues",
    "members",
    "merge_queues",
    "metadata",
    "organization_administration",
    "organization_announcement_banners",
    "organization_copilot_agent_settings",
    "organization_copilot_seat_management",
    "organization_custom_org_roles",
    "organization_custom_roles",
    "organization_hooks",
    "organization_packages",
    "organization_personal_access_token_requests",
    "organization_personal_access_tokens",
    "organization_secrets",
    "organization_self_hosted_runners",
    "organization_user_blocking",
    "packages",
    "pages",
    "pull_requests",
    "repository_custom_properties",
    "repository_hooks",
    "secret_scanning_alerts",
    "secrets",
    "security_events",
    "single_file",
    "starring",
    "statuses",
    "team_discussions",
    "vulnerability_alerts",
];

/// Returns the levels of a permission; `None` if there is no such permission.
pub(crate) fn levels(permission: &str) -> Option<&'static [&'static str]> {
    let other = OTHER_LEVELS.iter().find(|(name, _)| *name == permission);
    other.map(|(_, levels)| *levels).or(NAMES.contains(&permission).then_some(READ_WRITE))
}

/// Returns whether granted permissions include one at a level. Every App has `metadata: read`.
pub(crate) fn includes(granted: &BTreeMap<String, String>, permission: &str, level: &str) -> bool {
    let rank = |level: &str| READ_WRITE_ADMIN.iter().position(|known| *known == level);
    let granted = granted.get(permission).and_then(|level| rank(level));
    granted.is_some_and(|granted| rank(level).is_some_and(|wanted| wanted <= granted))
        || (permission, level) == ("metadata", "read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_includes_the_lower_ones() {
        let granted = [("actions".to_owned(), "write".to_owned())].into();
        assert!(includes(&granted, "actions", "read") && includes(&granted, "actions", "write"));
        assert!(!includes(&granted, "actions", "admin"));
        assert!(includes(&granted, "metadata", "read") && !includes(&granted, "checks", "read"));
    }

    #[test]
    fn permissions_have_their_own_levels() {
        assert_eq!(levels("workflows"), Some(WRITE));
        assert_eq!(levels("metadata"), Some(READ_WRITE));
        assert_eq!(levels("pull-requests"), None);
    }
}
