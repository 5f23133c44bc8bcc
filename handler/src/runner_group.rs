//! Decides whether a runner group is as narrow as the settings.
//!
//! Outside of a single repository it is the group, not the webhook, that says whose job a runner may be
//! given: one that is open to more than the settings allow would let anybody there use our runners.

use crate::admission::Policy;
use crate::repository::Repository;

/// A runner group as GitHub shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerGroup {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whose jobs its runners may be given.
    pub access: Access,
    /// Whether public repositories are among these.
    pub public_repositories: bool,
    /// Whether these may use it by selected workflows alone.
    pub restricted_to_workflows: bool,
}

/// Whose jobs a group's runners may be given.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// Every repository of an organization; without one, of an enterprise.
    All(Option<String>),
    /// These repositories.
    Repositories(Vec<Repository>),
    /// Every repository of these organizations.
    Organizations(Vec<String>),
}

/// A group that is open to more than the settings allow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "runner group {group:?} {fault}: no runner joins it until the group or the setting changes"
)]
pub struct TooWide {
    group: String,
    fault: String,
}

/// Checks a group against the settings.
///
/// # Errors
/// The group is open to more, and to what.
pub fn check(group: &RunnerGroup, policy: &Policy) -> Result<(), TooWide> {
    let too_wide = |fault: String| Err(TooWide { group: group.name.clone(), fault });
    if group.public_repositories && !policy.public_repositories {
        return too_wide(
            "serves public repositories, which setting AllowPublicRepositories does not allow"
                .to_owned(),
        );
    }
    match beyond(&group.access, policy) {
        Some(who) => {
            too_wide(format!("is open to {who}, which setting AllowedRepositories does not allow"))
        }
        None => Ok(()),
    }
}

/// Tells why a group's runners cannot serve a repository's jobs, where that is so.
pub fn bar(group: &RunnerGroup, repository: &Repository, policy: &Policy) -> Option<String> {
    if let Err(too_wide) = check(group, policy) {
        return Some(too_wide.to_string());
    }
    let name = &group.name;
    (!group.access.admits(repository)).then(|| {
        format!("runner group {name:?} does not admit {repository}: let it, or name another group")
    })
}

impl Access {
    fn admits(&self, repository: &Repository) -> bool {
        let is_owner = |owner: &str| owner.eq_ignore_ascii_case(repository.owner());
        match self {
            Self::All(owner) => owner.as_deref().is_none_or(is_owner),
            Self::Repositories(repositories) => repositories.iter().any(|one| {
                is_owner(one.owner()) && one.name().eq_ignore_ascii_case(repository.name())
            }),
            Self::Organizations(owners) => owners.iter().any(|owner| is_owner(owner)),
        }
    }
}

/// Finds somebody whom a group is open to and the settings are not.
fn beyond(access: &Access, policy: &Policy) -> Option<String> {
    let allowed = &policy.allowed;
    let every = |owner: &str| format!("every repository of {owner}");
    match access {
        Access::All(Some(owner)) => (!allowed.allow_all_of(Some(owner))).then(|| every(owner)),
        Access::All(None) => (!allowed.allow_all_of(None)).then(|| every("the enterprise")),
        Access::Organizations(owners) => {
            owners.iter().find(|owner| !allowed.allow_all_of(Some(owner))).map(|owner| every(owner))
        }
        Access::Repositories(repositories) => {
            let stranger = repositories.iter().find(|repository| !allowed.allow(repository));
            stranger.map(ToString::to_string)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::AllowedRepositories;

    /// Tells what is wrong with a group where the settings allow these globs.
    fn fault(globs: &str, access: Access, public: bool) -> String {
        let policy = Policy {
            profiles: Vec::new(),
            allowed: AllowedRepositories::parse(globs).expect("globs"),
            public_repositories: false,
        };
        let group = RunnerGroup {
            id: 2,
            name: "ours".to_owned(),
            access,
            public_repositories: public,
            restricted_to_workflows: false,
        };
        check(&group, &policy).map_or_else(|too_wide| too_wide.fault, |()| "fine".to_owned())
    }

    fn all_of(owner: &str) -> Access {
        Access::All(Some(owner.to_owned()))
    }

    fn repositories(names: &[&str]) -> Access {
        Access::Repositories(
            names.iter().map(|&name| Repository::try_from(name).expect("a name")).collect(),
        )
    }

    #[test]
    fn a_group_is_as_narrow_as_the_settings_or_narrower() {
        for (globs, access) in [
            ("", all_of("octo")),
            ("", Access::All(None)),
            ("Octo/*", all_of("octo")),
            ("*/*", Access::All(None)),
            ("octo/app-*", repositories(&["octo/app-1", "octo/APP-2"])),
            ("octo/*, corp/**", Access::Organizations(vec!["octo".to_owned(), "Corp".to_owned()])),
        ] {
            assert_eq!(fault(globs, access, false), "fine", "{globs}");
        }
    }

    #[test]
    fn what_a_group_is_open_to_beyond_the_settings_is_named() {
        let faults = [
            fault("", all_of("octo"), true),
            fault("octo/app", all_of("octo"), false),
            fault("octo/*", Access::All(None), false),
            fault("octo/app-*", repositories(&["octo/app-1", "octo/site"]), false),
            fault(
                "octo/*",
                Access::Organizations(vec!["octo".to_owned(), "corp".to_owned()]),
                false,
            ),
        ];
        insta::assert_snapshot!(faults.join("\n"), @r"
        serves public repositories, which setting AllowPublicRepositories does not allow
        is open to every repository of octo, which setting AllowedRepositories does not allow
        is open to every repository of the enterprise, which setting AllowedRepositories does not allow
        is open to octo/site, which setting AllowedRepositories does not allow
        is open to every repository of corp, which setting AllowedRepositories does not allow
        ");
    }
}
