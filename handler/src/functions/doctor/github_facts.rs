//! Reads the facts about GitHub.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{dated, text};
use crate::app::App;
use crate::doctor::facts::{
    AccessRead, Credential, Denied, GithubFacts, InstallationFact, Read, WebhookFact,
};
use crate::functions::status::previous_state;
use crate::github::{Github, GithubError, Purpose};
use crate::ordered::InsertEach;
use crate::polling::DemandSource;
use crate::profiles::Profile;
use crate::reconcile::snapshot::RunnerRelease;
use crate::repository::Repository;
use crate::scope::Scope;

/// The number of repositories, and of owners, that are read.
const MAX_READ: usize = 5;

/// Reads the facts, and GitHub's time.
pub(super) async fn read(app: &App) -> (GithubFacts, Read<DateTime<Utc>>) {
    let github = app.github.with_purpose(Purpose::Report);
    let credential = credential(&github).await;
    let time = dated(credential.as_ref().map(|(_, time)| *time).map_err(|err| text(err)));
    let credential = credential.map(|(credential, _)| credential).map_err(denied);
    let repositories = repositories(app).await;
    let webhooks = match app.reconciliation.demand {
        DemandSource::Polling => Vec::new(),
        DemandSource::Webhook => webhooks(app, &github, &repositories).await,
    };
    let installations = match github.is_app() {
        true => Some(installations(&github).await.map_err(|err| text(&err))),
        false => None,
    };
    let facts = GithubFacts {
        credential,
        accesses: accesses(app, &github, &repositories).await,
        installations,
        webhooks,
        groups: groups(app, &github, &repositories).await,
        versions: app.webhook.policy.profiles.iter().map(version).insert_each(),
        releases: releases(&github).await,
        limits: app.github.limits(),
    };
    (facts, time)
}

/// Reads the credential: that of the first App that GitHub refuses, or else of the first one.
async fn credential(github: &Github) -> Result<(Credential, Option<DateTime<Utc>>), GithubError> {
    let mut first = None;
    for app in github.of_each_app() {
        let read = app.credential().await?;
        first.get_or_insert(read);
    }
    Ok(first.expect("there is a credential"))
}

/// Lists the installations of all Apps.
async fn installations(github: &Github) -> Result<Vec<InstallationFact>, GithubError> {
    let mut facts = Vec::new();
    for app in github.of_each_app() {
        facts.extend(app.installation_facts().await?);
    }
    Ok(facts)
}

/// Returns the facts if there was no time to read them.
pub(super) fn unread(late: &impl std::fmt::Display) -> (GithubFacts, Read<DateTime<Utc>>) {
    let reason = late.to_string();
    let credential = Err(Denied { refused: false, text: reason.clone() });
    let facts = GithubFacts {
        credential,
        accesses: Vec::new(),
        installations: Some(Err(reason.clone())),
        webhooks: vec![("the list of webhooks".to_owned(), Err(reason.clone()))],
        groups: Vec::new(),
        versions: std::collections::BTreeMap::new(),
        releases: Err(reason.clone()),
        limits: Vec::new(),
    };
    (facts, Err(reason))
}

fn denied(err: GithubError) -> Denied {
    let err = err.hidden();
    match &err {
        GithubError::Refused(refusal) => Denied { refused: true, text: refusal.report() },
        GithubError::NotFound { .. } => Denied { refused: true, text: text(&err) },
        _ => Denied { refused: false, text: text(&err) },
    }
}

/// Returns the repositories that the settings name in full, and those of recent tasks.
async fn repositories(app: &App) -> Vec<Repository> {
    let allowed = &app.webhook.policy.allowed;
    let recent = previous_state(app).await.map(|state| state.repositories).unwrap_or_default();
    let recent = recent.into_iter().filter(|one| allowed.allow(one));
    let mut all: Vec<Repository> = allowed.named().into_iter().collect();
    all.extend(recent.filter(|one| !allowed.named().contains(one)).collect::<Vec<_>>());
    all.truncate(MAX_READ);
    all
}

/// Returns the owners that the settings name, and those of the repositories.
fn owners(app: &App, repositories: &[Repository]) -> BTreeSet<String> {
    let mut owners = app.webhook.policy.allowed.owners();
    owners.extend(repositories.iter().map(|one| one.owner().to_owned()));
    owners.into_iter().take(MAX_READ).collect()
}

/// Reads something by each permission that the handler needs. A permission to write is not tried.
async fn accesses(app: &App, github: &Github, repositories: &[Repository]) -> Vec<AccessRead> {
    let mut reads = Vec::new();
    let hooks = app.reconciliation.demand == DemandSource::Webhook && !github.is_app();
    for repository in repositories {
        let name = repository.to_string();
        let mut of_repository = vec![("actions/runs", "Actions", false)];
        if app.scope == Scope::Repository {
            of_repository.push(("actions/runners", "Administration", false));
            of_repository.extend(hooks.then_some(("hooks", "Webhooks", true)));
        }
        for (path, permission, optional) in of_repository {
            let result = github.can_read(&format!("repos/{name}/{path}")).await.map_err(denied);
            reads.push(AccessRead { subject: name.clone(), permission, optional, result });
        }
    }
    if let Scope::Enterprise(slug) = &app.scope {
        let result = github.can_read(&format!("enterprises/{slug}/actions/runners")).await;
        let (subject, permission) = (slug.clone(), "Self-hosted runners");
        reads.push(AccessRead {
            subject,
            permission,
            optional: false,
            result: result.map_err(denied),
        });
    }
    if app.scope != Scope::Organization {
        return reads;
    }
    for owner in owners(app, repositories) {
        let mut of_owner = vec![("actions/runners", "Self-hosted runners", false)];
        of_owner.extend(hooks.then_some(("hooks", "Webhooks", true)));
        for (path, permission, optional) in of_owner {
            let result = github.can_read(&format!("orgs/{owner}/{path}")).await;
            let result = result.map_err(|err| denied(err.hidden_from(Some(&owner))));
            reads.push(AccessRead { subject: owner.clone(), permission, optional, result });
        }
    }
    reads
}

/// Lists the webhooks: that of the App, or those of the repositories and of their owners.
async fn webhooks(
    app: &App,
    github: &Github,
    repositories: &[Repository],
) -> Vec<(String, Read<Vec<WebhookFact>>)> {
    if github.is_app() {
        let hooks = github.app_webhook_facts().await;
        return vec![("app/hook".to_owned(), hooks.map_err(|err| text(&err)))];
    }
    let of_owners = owners(app, repositories).into_iter().map(|owner| format!("orgs/{owner}"));
    let parents = repositories.iter().map(|one| format!("repos/{one}")).chain(of_owners);
    let mut lists = Vec::new();
    for parent in parents {
        let hooks = github.webhook_facts(&parent).await;
        lists.push((format!("{parent}/hooks"), hooks.map_err(|err| text(&err))));
    }
    lists
}

/// Reads the runner groups of the profiles, each for one repository of each owner.
async fn groups(
    app: &App,
    github: &Github,
    repositories: &[Repository],
) -> Vec<(Repository, Read<crate::runner_group::RunnerGroup>)> {
    let default = &app.runners.runner_environment.group;
    let profiles = app.webhook.policy.profiles.iter();
    let names: BTreeSet<&String> =
        profiles.map(|profile| profile.group.as_ref().unwrap_or(default)).insert_each();
    let mut groups = Vec::new();
    for repository in repositories {
        for name in &names {
            match github.runner_group(repository, name).await {
                Ok(Some(group)) => groups.push((repository.clone(), Ok((*group).clone()))),
                Ok(None) => {}
                Err(err) => groups.push((repository.clone(), Err(text(&err)))),
            }
        }
    }
    groups
}

/// Returns the version of the runner in the name of a profile's image: the end of its tag.
fn version(profile: &Profile) -> (String, Option<String>) {
    let tag = profile.image.rsplit_once(':').map_or("", |(_, tag)| tag);
    let last = tag.rsplit('-').next().unwrap_or_default();
    let numbers: Vec<&str> = last.split('.').collect();
    let is_version = numbers.len() == 3
        && numbers.iter().all(|one| !one.is_empty() && one.bytes().all(|c| c.is_ascii_digit()));
    (profile.name.clone(), is_version.then(|| last.to_owned()))
}

async fn releases(github: &Github) -> Read<Vec<RunnerRelease>> {
    let listed = github.runner_releases().await.map_err(|err| text(&err))?;
    let released = listed.into_iter().filter(|release| !release.prerelease);
    let released = released.filter_map(|release| {
        let version = release.tag_name.strip_prefix('v')?.to_owned();
        Some(RunnerRelease { version, at: release.published_at? })
    });
    Ok(released.collect())
}
