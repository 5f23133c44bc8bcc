//! Decides whether the access to a runner group is within the settings.
//!
//! Outside of a single repository the group, not the webhook, determines which jobs GitHub can assign to a runner. If
//! a group admitted more repositories than the settings allow, all of these could use the runners.

use crate::admission::Policy;
use crate::json::cut;
use crate::repository::Repository;

/// A runner group as GitHub reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerGroup {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The repositories that can use its runners.
    pub access: Access,
    /// Whether public repositories can use its runners.
    pub public_repositories: bool,
    /// The workflows to which it is restricted, such as `octo/app/.github/workflows/ci.yml@refs/heads/main`; `None` if all
    /// can use its runners.
    pub workflows: Option<Vec<String>>,
}

/// The repositories that can use the runners of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// All repositories of an organization, or with `None` of the enterprise.
    All(Option<String>),
    /// These repositories.
    Repositories(Vec<Repository>),
    /// All repositories of these organizations.
    Organizations(Vec<String>),
}

/// The group admits more repositories than the settings allow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "runner group {group:?} {fault}: no runner registers in it until the group or the setting is changed"
)]
pub struct TooWide {
    group: String,
    fault: String,
}

/// Checks the access to a group against the settings.
///
/// # Errors
/// When the group admits a repository that the settings do not allow.
pub fn check(group: &RunnerGroup, policy: &Policy) -> Result<(), TooWide> {
    let too_wide = |fault: String| Err(TooWide { group: group.name.clone(), fault });
    if group.public_repositories && !policy.public_repositories {
        return too_wide(
            "serves public repositories, which setting AllowPublicRepositories does not allow"
                .to_owned(),
        );
    }
    match excess(&group.access, policy) {
        Some(who) => {
            too_wide(format!("is open to {who}, which setting AllowedRepositories does not allow"))
        }
        None => Ok(()),
    }
}

/// Returns why a group's runners cannot serve the jobs of a repository, if they cannot.
pub fn obstacle(group: &RunnerGroup, repository: &Repository, policy: &Policy) -> Option<String> {
    if let Err(too_wide) = check(group, policy) {
        return Some(too_wide.to_string());
    }
    let name = &group.name;
    (!group.access.admits(repository)).then(|| {
        format!(
            "runner group {name:?} does not admit {repository}: admit it, or choose another group"
        )
    })
}

/// Describes the workflows to which a group is restricted. Which workflow a job is of, and which reusable ones it uses,
/// is not known here, so that this explains only a job that GitHub does not assign.
pub fn restriction(group: &RunnerGroup) -> Option<String> {
    let workflows = group.workflows.as_ref()?;
    let listed = if workflows.is_empty() { "none".to_owned() } else { workflows.join(", ") };
    let (name, listed) = (&group.name, cut(&listed, 300));
    Some(format!("runner group {name:?} is restricted to these workflows: {listed}"))
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

/// Finds repositories that a group admits and the settings do not allow.
fn excess(access: &Access, policy: &Policy) -> Option<String> {
    let allowed = &policy.allowed;
    let every = |owner: &str| format!("every repository of {owner}");
    match access {
        Access::All(Some(owner)) => (!allowed.allow_all_of(Some(owner))).then(|| every(owner)),
        Access::All(None) => (!allowed.allow_all_of(None)).then(|| every("the enterprise")),
        Access::Organizations(owners) => {
            owners.iter().find(|owner| !allowed.allow_all_of(Some(owner))).map(|owner| every(owner))
        }
        Access::Repositories(repositories) => {
            let excess = repositories.iter().find(|repository| !allowed.allow(repository));
            excess.map(ToString::to_string)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::AllowedRepositories;

    /// Returns the fault of a group with settings that allow these globs.
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
            workflows: None,
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
    fn a_group_within_the_settings_has_no_fault() {
        for (globs, access) in [
            ("Octo/*", all_of("octo")),
            ("*/*", Access::All(None)),
            ("octo/app-*", repositories(&["octo/app-1", "octo/APP-2"])),
            ("octo/*, corp/**", Access::Organizations(vec!["octo".to_owned(), "Corp".to_owned()])),
        ] {
            assert_eq!(fault(globs, access, false), "fine", "{globs}");
        }
    }

    #[test]
    fn a_restriction_names_its_workflows() {
        let group = |workflows: Option<&[&str]>| RunnerGroup {
            id: 2,
            name: "ours".to_owned(),
            access: Access::All(None),
            public_repositories: false,
            workflows: workflows.map(|all| all.iter().map(|&one| one.to_owned()).collect()),
        };
        assert_eq!(restriction(&group(None)), None);
        let none = restriction(&group(Some(&[]))).unwrap_or_default();
        assert!(none.ends_with("these workflows: none"), "{none}");
        let two = restriction(&group(Some(&["a/b/x.yml@main", "a/b/y.yml@main"])));
        assert!(two.unwrap_or_default().ends_with("a/b/x.yml@main, a/b/y.yml@main"));
    }

    #[test]
    fn repositories_beyond_the_settings_are_named() {
        let faults = [
            fault("octo/*", all_of("octo"), true),
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
