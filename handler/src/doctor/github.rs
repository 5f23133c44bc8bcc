//! Checks the credential and its permissions, installations, webhooks, runner groups, the runner's version, and rate
//! limits.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::facts::{AccessRead, Credential, Denied, Facts, InstallationFact, Read, WebhookFact};
use super::{Finding, joined};
use crate::reconcile::successor;
use crate::repository::Repository;
use crate::runner_group::{RunnerGroup, check, obstacle, restriction};
use crate::scope::Scope;
use crate::status_report::RateLimit;

/// How long before its end a token is to be replaced.
const RENEW_WITHIN: TimeDelta = TimeDelta::days(14);
/// How long GitHub supports a version of the runner after the release of its successor.
/// <https://docs.github.com/en/actions/reference/runners/self-hosted-runners#runner-software-updates-on-self-hosted-runners>
const SUPPORTED_FOR: TimeDelta = TimeDelta::days(30);
/// How long after the release of its successor a version is to be replaced.
const OUTDATED_AFTER: TimeDelta = TimeDelta::days(20);
/// The event without which no job becomes known.
const EVENT: &str = "workflow_job";

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let github = &facts.github;
    let mut findings = vec![credential(&github.credential, facts.at)];
    findings.extend(github.accesses.iter().map(access));
    findings.extend(installations(facts));
    findings.extend(webhooks(facts));
    findings
        .extend(github.groups.iter().map(|(repository, group)| of_group(repository, group, facts)));
    findings.extend(versions(facts));
    findings.extend(github.limits.iter().map(limit));
    findings
}

fn credential(credential: &Result<Credential, Denied>, now: DateTime<Utc>) -> Finding {
    let check = "github-credential";
    let renew = "create a new token, and store it as the secret of setting GithubToken";
    match credential {
        Err(denied) => denied
            .finding(check, "check settings GithubToken, or GithubAppId and GithubAppPrivateKey"),
        Ok(Credential::App { .. }) => Finding::ok(check, "GitHub accepts the key of the App"),
        Ok(Credential::Token { expires: None }) => {
            Finding::ok(check, "GitHub accepts the token, and states no time at which it expires")
        }
        Ok(Credential::Token { expires: Some(at) }) => {
            let text =
                format!("GitHub accepts the token until {}", at.format("%Y-%m-%d %H:%M UTC"));
            match *at - now {
                left if left <= TimeDelta::zero() => Finding::fail(check, text, renew),
                left if left <= RENEW_WITHIN => Finding::warn(check, text, renew),
                _ => Finding::ok(check, text),
            }
        }
    }
}

fn access(read: &AccessRead) -> Finding {
    let check = "github-permission";
    let AccessRead { subject, permission, optional, result } = read;
    let finding = match result {
        Ok(()) => Finding::ok(check, format!("{permission} of {subject} can be read")),
        Err(denied) if denied.refused && *optional => {
            let text = format!(
                "{permission} of {subject} cannot be read: lost deliveries are not redelivered, and the webhook is not checked"
            );
            Finding::warn(
                check,
                text,
                "grant the permission, or rely on reconciliation, which finds the jobs",
            )
        }
        Err(denied) => {
            denied.finding(check, &format!("grant the credential {permission}, for {subject}"))
        }
    };
    finding.of(format!("{subject}: {permission}"))
}

/// Lists the permissions that an installation needs. GitHub's names are those of the API.
fn needed(scope: &Scope, cancels: bool) -> BTreeMap<&'static str, &'static str> {
    let actions = if cancels { "write" } else { "read" };
    let runners = match scope {
        Scope::Repository => "administration",
        Scope::Organization | Scope::Enterprise(_) => "organization_self_hosted_runners",
    };
    [("actions", actions), ("metadata", "read"), (runners, "write")].into()
}

fn installations(facts: &Facts) -> Vec<Finding> {
    let check = "github-installation";
    let listed = match &facts.github.installations {
        None => return Vec::new(),
        Some(Err(reason)) => return vec![Finding::unknown(check, reason.clone(), "try again")],
        Some(Ok(listed)) => listed,
    };
    let mut missing = facts.policy.allowed.owners();
    let is_installed =
        |owner: &String| listed.iter().any(|one| one.account.eq_ignore_ascii_case(owner));
    missing.retain(|owner| !is_installed(owner));
    let missing = missing.into_iter().map(|owner| {
        let text = format!("the App is not installed on {owner}, whose repositories setting AllowedRepositories names");
        Finding::fail(check, text, "install it there").of(owner)
    });
    listed.iter().map(|one| installation(one, facts)).chain(missing).collect()
}

fn installation(one: &InstallationFact, facts: &Facts) -> Finding {
    let check = "github-installation";
    let account = &one.account;
    let served = facts.policy.allowed.may_allow_of(account);
    let rank = |level: Option<&String>| match level.map(String::as_str) {
        Some("write" | "admin") => 2,
        Some("read") => 1,
        _ => 0,
    };
    let lacks = needed(&facts.scope, facts.cancels).into_iter().filter(|(name, level)| {
        rank(one.permissions.get(*name)) < rank(Some(&(*level).to_owned()))
    });
    let lacks: Vec<String> = lacks.map(|(name, level)| format!("{name}: {level}")).collect();
    let finding = if !served {
        let text = format!("the App is installed on {account}, of which no repository is served");
        Finding::warn(check, text, "make the App private, and uninstall it there")
    } else if one.suspended {
        let text = format!("the installation on {account} is suspended");
        Finding::fail(check, text, "unsuspend it in the settings of the account")
    } else if lacks.is_empty() {
        Finding::ok(check, format!("the installation on {account} has the permissions"))
    } else {
        let text = format!("the installation on {account} lacks {}", joined(&lacks));
        Finding::fail(check, text, "add the permissions to the App, and accept them on the account")
    };
    finding.of(account)
}

fn webhooks(facts: &Facts) -> Vec<Finding> {
    let check = "webhook";
    if facts.polls {
        return vec![Finding::ok(check, "jobs are found by polling: no webhook is needed")];
    }
    let lists = &facts.github.webhooks;
    let listed = lists.iter().filter_map(|(_, hooks)| hooks.as_ref().ok()).flatten();
    let own: Vec<Finding> =
        listed.filter(|hook| delivers_here(hook, facts)).map(|hook| webhook(hook, facts)).collect();
    if !own.is_empty() {
        return own;
    }
    let advice = "create a webhook for workflow_job with the address of ProvideActionsRunner (docs/deploy.md)";
    let unread = lists.iter().find_map(|(list, hooks)| Some((list, hooks.as_ref().err()?)));
    vec![match unread {
        Some((list, reason)) => {
            let text = format!(
                "{list} cannot be read ({reason}): whether a webhook delivers to this app is not known"
            );
            Finding::unknown(check, text, advice)
        }
        None if lists.is_empty() => {
            let text = "no repository or organization is known whose webhooks could be read";
            Finding::unknown(check, text, "name one in setting AllowedRepositories, or queue a job")
        }
        None => Finding::fail(check, "no webhook delivers to this app", advice),
    }]
}

/// Returns whether the address of a webhook is ProvideActionsRunner of this app.
fn delivers_here(hook: &WebhookFact, facts: &Facts) -> bool {
    let url = hook.url.as_deref().and_then(|url| url::Url::parse(url).ok());
    url.is_some_and(|url| {
        let ours = url.path().to_ascii_lowercase().ends_with("/provideactionsrunner");
        ours && facts.own_host.as_deref().is_none_or(|host| url.host_str() == Some(host))
    })
}

fn webhook(hook: &WebhookFact, facts: &Facts) -> Finding {
    let check = "webhook";
    let app_events = match &facts.github.credential {
        Ok(Credential::App { events }) => Some(events),
        _ => None,
    };
    let path = &hook.path;
    let events = hook.events.as_ref().or(app_events);
    let lacks_event =
        events.is_some_and(|events| !events.iter().any(|one| one == EVENT || one == "*"));
    let failed = hook.last.iter().filter(|status| !(200..300).contains(*status)).count();
    let finding = if !hook.active {
        Finding::fail(check, format!("{path} is not active"), "activate it")
    } else if lacks_event {
        Finding::fail(
            check,
            format!("{path} does not send {EVENT}"),
            "select the event Workflow jobs",
        )
    } else if hook.content_type.as_deref().is_some_and(|kind| kind != "json") {
        let text = format!("{path} does not send JSON");
        Finding::fail(check, text, "choose the content type application/json")
    } else if failed > 0 && failed == hook.last.len() {
        let text = format!(
            "the last {failed} deliveries of {path} failed, the latest with {}",
            hook.last[0]
        );
        Finding::fail(
            check,
            text,
            "see Recent Deliveries of the webhook, and docs/troubleshooting.md",
        )
    } else if failed > 0 {
        let text = format!("{failed} of the last {} deliveries of {path} failed", hook.last.len());
        Finding::warn(
            check,
            text,
            "see Recent Deliveries of the webhook, and docs/troubleshooting.md",
        )
    } else if !hook.verifies {
        let text = format!("{path} does not verify the certificate of the app");
        Finding::warn(check, text, "enable SSL verification")
    } else {
        Finding::ok(check, format!("{path} delivers {EVENT} as JSON to this app"))
    };
    finding.of(path)
}

fn of_group(repository: &Repository, group: &Read<RunnerGroup>, facts: &Facts) -> Finding {
    let name = "runner-group";
    let finding = match group {
        Err(reason) => Finding::unknown(
            name,
            reason.clone(),
            "check setting RunnerGroup, and the permission Self-hosted runners",
        ),
        Ok(group) => match check(group, &facts.policy) {
            Err(too_wide) => {
                let advice = "narrow the group at GitHub, or widen the setting (docs/deploy.md)";
                Finding::fail(name, too_wide.to_string(), advice)
            }
            Ok(()) => match (obstacle(group, repository, &facts.policy), restriction(group)) {
                (Some(obstacle), _) => Finding::fail(name, obstacle, "change the group at GitHub"),
                (None, Some(restriction)) => {
                    Finding::warn(name, restriction, "add the workflows that it is to serve")
                }
                (None, None) => {
                    Finding::ok(name, format!("runner group {:?} admits {repository}", group.name))
                }
            },
        },
    };
    finding.of(repository.to_string())
}

fn versions(facts: &Facts) -> Vec<Finding> {
    let check = "runner-version";
    let advice = "build or import newer images (docs/upgrade.md)";
    let one = |(profile, version): (&String, &Option<String>)| {
        let finding = match (version, &facts.github.releases) {
            (None, _) => {
                let text = format!(
                    "the image of profile {profile} does not name the version of its runner"
                );
                Finding::unknown(check, text, "name the image by a tag that ends with the version")
            }
            (_, Err(reason)) => Finding::unknown(check, reason.clone(), "try again"),
            (_, Ok(releases)) if releases.is_empty() => Finding::unknown(
                check,
                "GitHub lists no release of the runner",
                "compare the versions yourself",
            ),
            (Some(version), Ok(releases)) => match successor(version, releases) {
                None => Finding::ok(check, format!("runner {version} has no successor")),
                Some(next) => {
                    let age = facts.at - next.at;
                    let until = (next.at + SUPPORTED_FOR).format("%Y-%m-%d");
                    let text = format!(
                        "runner {version} of profile {profile} is outdated: GitHub accepts it until {until}"
                    );
                    match age {
                        age if age >= SUPPORTED_FOR => Finding::fail(check, text, advice),
                        age if age >= OUTDATED_AFTER => Finding::warn(check, text, advice),
                        _ => Finding::ok(
                            check,
                            format!("runner {version} is supported until {until}"),
                        ),
                    }
                }
            },
        };
        finding.of(profile)
    };
    facts.github.versions.iter().map(one).collect()
}

fn limit(limit: &RateLimit) -> Finding {
    let check = "github-rate-limit";
    let account = limit.account.as_deref().map(|one| format!(" of {one}")).unwrap_or_default();
    let until = limit.resets_at.format("%H:%M UTC");
    let advice = "wait, or give the handler a credential of its own";
    let finding = match (&limit.resource, limit.remaining, limit.limit) {
        (Some(resource), Some(left), Some(all)) => {
            let text = format!(
                "{left} of {all} requests of limit {resource}{account} are left until {until}"
            );
            match left {
                0 => Finding::fail(check, text, advice),
                left if left < all / 10 => Finding::warn(check, text, advice),
                _ => Finding::ok(check, text),
            }
        }
        _ => Finding::warn(check, format!("GitHub demands a pause{account} until {until}"), advice),
    };
    match (&limit.resource, &limit.account) {
        (Some(resource), Some(account)) => finding.of(format!("{account}: {resource}")),
        (Some(one), None) | (None, Some(one)) => finding.of(one),
        (None, None) => finding,
    }
}
