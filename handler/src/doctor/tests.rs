//! Tests of the checks: each passes, is unknown without its fact, and fails for its reason.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::facts::{
    AccessRead, AzureFacts, Credential, Denied, Facts, GithubFacts, InstallationFact, PoolFact,
    Quota, WebhookFact,
};
use super::{CheckStatus, Finding, azure, examine, examine_faults};
use crate::admission::Policy;
use crate::pauses::{Pause, Pauses};
use crate::profiles::default_profiles;
use crate::reconcile::snapshot::RunnerRelease;
use crate::repository::{AllowedRepositories, Repository};
use crate::runner_group::{Access, RunnerGroup};
use crate::scope::Scope;
use crate::settings::Settings;
use crate::status_report::RateLimit;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(300)
}

fn repository() -> Repository {
    Repository::try_from("octo/app").expect("a name")
}

fn hook() -> WebhookFact {
    WebhookFact {
        path: "orgs/octo/hooks/1".to_owned(),
        url: Some("https://mine.test/api/ProvideActionsRunner".to_owned()),
        active: true,
        events: Some(vec!["workflow_job".to_owned()]),
        content_type: Some("json".to_owned()),
        verifies: true,
        last: vec![200, 200],
    }
}

fn group() -> RunnerGroup {
    RunnerGroup {
        id: 1,
        name: "ours".to_owned(),
        access: Access::Repositories(vec![repository()]),
        public_repositories: false,
        workflows: None,
    }
}

fn pool() -> PoolFact {
    PoolFact {
        allocation_state: "steady".to_owned(),
        scaled: true,
        max_nodes: Some(10),
        vm_size: "Standard_D4s_v5".to_owned(),
        slots: 1,
        ..PoolFact::default()
    }
}

fn limit(remaining: u32) -> RateLimit {
    RateLimit {
        account: None,
        resource: Some("core".to_owned()),
        limit: Some(5000),
        remaining: Some(remaining),
        resets_at: now(),
    }
}

/// Returns the facts of a deployment in which everything is right.
fn right() -> Facts {
    let access = AccessRead {
        subject: "octo/app".to_owned(),
        permission: "Actions",
        optional: false,
        result: Ok(()),
    };
    let release = RunnerRelease { version: "2.338.0".to_owned(), at: now() - TimeDelta::days(40) };
    let pools: BTreeMap<String, PoolFact> =
        ["ubuntu", "windows"].map(|name| (name.to_owned(), pool())).into();
    Facts {
        at: now(),
        warnings: Vec::new(),
        operators: vec!["203.0.113.0/28".parse().expect("a network")],
        scope: Scope::Organization,
        policy: Policy {
            profiles: default_profiles("ubuntu", "windows"),
            allowed: AllowedRepositories::parse("octo/app").expect("a name"),
            public_repositories: false,
        },
        polls: false,
        cancels: false,
        period: TimeDelta::minutes(2),
        own_host: Some("mine.test".to_owned()),
        github: GithubFacts {
            credential: Ok(Credential::Token { expires: Some(now() + TimeDelta::days(90)) }),
            accesses: vec![access],
            installations: None,
            webhooks: vec![("orgs/octo/hooks".to_owned(), Ok(vec![hook()]))],
            groups: vec![(repository(), Ok(group()))],
            versions: [("ubuntu".to_owned(), Some("2.338.0".to_owned()))].into(),
            releases: Ok(vec![release]),
            limits: vec![limit(4000)],
        },
        azure: AzureFacts {
            broken_nodes: pools.keys().map(|name| (name.clone(), Ok(BTreeMap::new()))).collect(),
            pools: Ok(pools),
            quota: Ok(Quota { dedicated: 100, spot: 0 }),
            messages: Ok(0),
            poison: Ok(0),
            state: Ok(()),
            pauses: Ok(Pauses::default()),
            ranges: Some(Ok((ranges(), ranges()))),
            restricted: Some(Ok(true)),
        },
        clocks: vec![("GitHub", Ok(TimeDelta::zero()))],
        claim_address: Some(("mine.test".to_owned(), Ok(400))),
        last_run: Ok(Some(now() - TimeDelta::minutes(1))),
    }
}

fn ranges() -> Vec<ipnet::IpNet> {
    crate::firewall::ranges::built_in()
}

fn line(finding: &Finding) -> String {
    let Finding { check, subject, status, text, advice } = finding;
    let subject = subject.as_deref().map(|one| format!(" ({one})")).unwrap_or_default();
    let advice = advice.as_deref().map(|advice| format!(": {advice}")).unwrap_or_default();
    let status = format!("{status:?}").to_lowercase();
    format!("{status} {check}{subject}: {text}{advice}")
}

/// Returns the findings after a change of the facts that differ from those of a right deployment.
fn found(change: impl FnOnce(&mut Facts)) -> String {
    let (before, mut facts) = (examine(&right()), right());
    change(&mut facts);
    let after = examine(&facts);
    let new = after.findings.iter().filter(|finding| !before.findings.contains(finding));
    new.map(line).collect::<Vec<_>>().join("\n")
}

fn refused() -> Denied {
    Denied { refused: true, text: "GitHub refuses it".to_owned() }
}

fn silent() -> Denied {
    Denied { refused: false, text: "GitHub is unavailable (503)".to_owned() }
}

fn all(changes: impl IntoIterator<Item = String>) -> String {
    changes.into_iter().collect::<Vec<_>>().join("\n")
}

#[test]
fn a_right_deployment_passes_every_check() {
    let report = examine(&right());
    assert!(!report.fails());
    let lines: Vec<String> = report.findings.iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    ok key-vault: every setting is present: a Key Vault reference that was not resolved would refuse the start
    ok allowed-repositories: each owner is named in full
    ok operator-ranges: only listed networks may call Status and Operate
    ok github-credential: GitHub accepts the token until 1971-01-26 00:00 UTC
    ok github-permission (octo/app: Actions): Actions of octo/app can be read
    ok webhook (orgs/octo/hooks/1): orgs/octo/hooks/1 delivers workflow_job as JSON to this app
    ok runner-group (octo/app): runner group "ours" admits octo/app
    ok runner-version (ubuntu): runner 2.338.0 has no successor
    ok github-rate-limit (core): 4000 of 5000 requests of limit core are left until 00:00 UTC
    ok pool (ubuntu): a formula determines its size, its target is 0 nodes, and it is steady
    ok task-slots (ubuntu): a node has 1 task slots
    ok nodes (ubuntu): no node has failed
    ok pool (windows): a formula determines its size, its target is 0 nodes, and it is steady
    ok task-slots (windows): a node has 1 task slots
    ok nodes (windows): no node has failed
    ok quota: the pools need 80 cores at their maximum, and the quota of the Batch account is 100
    ok queue: the request queue can be read, and has 0 messages
    ok state: the container mayfly-state can be read; writing was not tried
    ok poison: no message has failed permanently
    ok paused: no profile is paused
    ok webhook-ranges: the ranges in force have all that GitHub publishes
    ok access-restrictions: the app's access restrictions agree with the ranges
    ok claim-address (mine.test): ClaimRunner answers at mine.test
    ok clock (GitHub): the clock agrees with that of GitHub
    ok timers: ReconcileRunners ran 1 minutes ago
    "#);
    assert!(
        report.findings.iter().all(|one| one.advice.is_none() == (one.status == CheckStatus::Ok))
    );
}

#[test]
fn the_credential_is_judged() {
    let expires = |days| {
        found(|facts| {
            let expires = Some(now() + TimeDelta::days(days));
            facts.github.credential = Ok(Credential::Token { expires });
        })
    };
    let denied = |denied: Denied| found(|facts| facts.github.credential = Err(denied));
    let app = found(|facts| {
        facts.github.credential = Ok(Credential::App { events: vec!["workflow_job".to_owned()] });
    });
    let endless = found(|facts| facts.github.credential = Ok(Credential::Token { expires: None }));
    let texts = [expires(13), expires(-1), endless, app, denied(refused()), denied(silent())];
    insta::assert_snapshot!(all(texts), @r"
    warn github-credential: GitHub accepts the token until 1970-11-10 00:00 UTC: create a new token, and store it as the secret of setting GithubToken
    fail github-credential: GitHub accepts the token until 1970-10-27 00:00 UTC: create a new token, and store it as the secret of setting GithubToken
    ok github-credential: GitHub accepts the token, and states no time at which it expires
    ok github-credential: GitHub accepts the key of the App
    fail github-credential: GitHub refuses it: check settings GithubToken, or GithubAppId and GithubAppPrivateKey
    unknown github-credential: GitHub is unavailable (503): try again
    ");
}

#[test]
fn permissions_are_judged_by_what_could_be_read() {
    let access = |optional, denied: Denied| {
        found(|facts| {
            facts.github.accesses[0].optional = optional;
            facts.github.accesses[0].result = Err(denied);
        })
    };
    let texts = [
        access(false, refused()),
        access(false, silent()),
        access(true, refused()),
        access(true, silent()),
    ];
    insta::assert_snapshot!(all(texts), @r"
    fail github-permission (octo/app: Actions): GitHub refuses it: grant the credential Actions, for octo/app
    unknown github-permission (octo/app: Actions): GitHub is unavailable (503): try again
    warn github-permission (octo/app: Actions): Actions of octo/app cannot be read: lost deliveries are not redelivered, and the webhook is not checked: grant the permission, or rely on reconciliation, which finds the jobs
    unknown github-permission (octo/app: Actions): GitHub is unavailable (503): try again
    ");
}

#[test]
fn installations_are_judged_by_their_accounts() {
    let installation = |account: &str, suspended, permissions: &[(&str, &str)]| InstallationFact {
        account: account.to_owned(),
        suspended,
        permissions: permissions.iter().map(|(n, l)| ((*n).to_owned(), (*l).to_owned())).collect(),
    };
    let all_of =
        [("actions", "read"), ("metadata", "read"), ("organization_self_hosted_runners", "write")];
    let listed = |listed| found(|facts| facts.github.installations = Some(listed));
    let texts = [
        listed(Ok(vec![installation("octo", false, &all_of)])),
        listed(Ok(vec![installation("octo", true, &all_of)])),
        listed(Ok(vec![installation("octo", false, &all_of[..2])])),
        listed(Ok(vec![installation("octo", false, &all_of), installation("mallory", true, &[])])),
        listed(Ok(Vec::new())),
        listed(Err("GitHub is unavailable (503)".to_owned())),
        found(|facts| {
            facts.cancels = true;
            facts.github.installations = Some(Ok(vec![installation("octo", false, &all_of)]));
        }),
    ];
    insta::assert_snapshot!(all(texts), @r"
    ok github-installation (octo): the installation on octo has the permissions
    fail github-installation (octo): the installation on octo is suspended: unsuspend it in the settings of the account
    fail github-installation (octo): the installation on octo lacks organization_self_hosted_runners: write: add the permissions to the App, and accept them on the account
    ok github-installation (octo): the installation on octo has the permissions
    warn github-installation (mallory): the App is installed on mallory, of which no repository is served: make the App private, and uninstall it there
    fail github-installation (octo): the App is not installed on octo, whose repositories setting AllowedRepositories names: install it there
    unknown github-installation: GitHub is unavailable (503): try again
    fail github-installation (octo): the installation on octo lacks actions: write: add the permissions to the App, and accept them on the account
    ");
}

#[test]
fn the_webhook_is_judged() {
    let hooks = |hooks| found(|facts| facts.github.webhooks = hooks);
    let changed = |change: fn(&mut WebhookFact)| {
        let mut hook = hook();
        change(&mut hook);
        hooks(vec![("orgs/octo/hooks".to_owned(), Ok(vec![hook]))])
    };
    let unread = || ("repos/octo/app/hooks".to_owned(), Err("403".to_owned()));
    let texts = [
        changed(|hook| hook.active = false),
        changed(|hook| hook.events = Some(vec!["push".to_owned()])),
        changed(|hook| hook.content_type = Some("form".to_owned())),
        changed(|hook| hook.last = vec![401, 0]),
        changed(|hook| hook.last = vec![200, 503]),
        changed(|hook| hook.verifies = false),
        changed(|hook| hook.url = Some("https://other.test/api/ProvideActionsRunner".to_owned())),
        hooks(vec![unread(), ("orgs/octo/hooks".to_owned(), Ok(Vec::new()))]),
        hooks(Vec::new()),
        found(|facts| facts.polls = true),
        found(|facts| {
            facts.github.credential = Ok(Credential::App { events: Vec::new() });
            let hook = WebhookFact { path: "app/hook".to_owned(), events: None, ..hook() };
            facts.github.webhooks = vec![("app/hook".to_owned(), Ok(vec![hook]))];
        }),
    ];
    insta::assert_snapshot!(all(texts), @r"
    fail webhook (orgs/octo/hooks/1): orgs/octo/hooks/1 is not active: activate it
    fail webhook (orgs/octo/hooks/1): orgs/octo/hooks/1 does not send workflow_job: select the event Workflow jobs
    fail webhook (orgs/octo/hooks/1): orgs/octo/hooks/1 does not send JSON: choose the content type application/json
    fail webhook (orgs/octo/hooks/1): the last 2 deliveries of orgs/octo/hooks/1 failed, the latest with 401: see Recent Deliveries of the webhook, and docs/troubleshooting.md
    warn webhook (orgs/octo/hooks/1): 1 of the last 2 deliveries of orgs/octo/hooks/1 failed: see Recent Deliveries of the webhook, and docs/troubleshooting.md
    warn webhook (orgs/octo/hooks/1): orgs/octo/hooks/1 does not verify the certificate of the app: enable SSL verification
    fail webhook: no webhook delivers to this app: create a webhook for workflow_job with the address of ProvideActionsRunner (docs/deploy.md)
    unknown webhook: repos/octo/app/hooks cannot be read (403): whether a webhook delivers to this app is not known: create a webhook for workflow_job with the address of ProvideActionsRunner (docs/deploy.md)
    unknown webhook: no repository or organization is known whose webhooks could be read: name one in setting AllowedRepositories, or queue a job
    ok webhook: jobs are found by polling: no webhook is needed
    ok github-credential: GitHub accepts the key of the App
    fail webhook (app/hook): app/hook does not send workflow_job: select the event Workflow jobs
    ");
}

#[test]
fn groups_versions_and_limits_are_judged() {
    let of_group = |change: fn(&mut RunnerGroup)| {
        let mut group = group();
        change(&mut group);
        found(|facts| facts.github.groups = vec![(repository(), Ok(group))])
    };
    let other = || Repository::try_from("octo/site").expect("a name");
    let outdated = |days| {
        found(|facts| {
            let at = now() - TimeDelta::days(days);
            let next = RunnerRelease { version: "2.339.0".to_owned(), at };
            facts.github.releases = Ok(vec![next]);
        })
    };
    let texts = [
        of_group(|group| group.public_repositories = true),
        of_group(|group| group.workflows = Some(Vec::new())),
        found(|facts| facts.github.groups = vec![(other(), Ok(group()))]),
        found(|facts| facts.github.groups = vec![(repository(), Err("no such group".to_owned()))]),
        outdated(5),
        outdated(25),
        outdated(31),
        found(|facts| facts.github.releases = Ok(Vec::new())),
        found(|facts| facts.github.releases = Err("GitHub is unavailable (503)".to_owned())),
        found(|facts| facts.github.versions = [("ubuntu".to_owned(), None)].into()),
        found(|facts| facts.github.limits = vec![limit(400)]),
        found(|facts| facts.github.limits = vec![limit(0)]),
        found(|facts| facts.github.limits = vec![RateLimit { resource: None, ..limit(0) }]),
    ];
    insta::assert_snapshot!(all(texts), @r#"
    fail runner-group (octo/app): runner group "ours" serves public repositories, which setting AllowPublicRepositories does not allow: no runner registers in it until the group or the setting is changed: narrow the group at GitHub, or widen the setting (docs/deploy.md)
    warn runner-group (octo/app): runner group "ours" is restricted to these workflows: none: add the workflows that it is to serve
    fail runner-group (octo/site): runner group "ours" does not admit octo/site: admit it, or choose another group: change the group at GitHub
    unknown runner-group (octo/app): no such group: check setting RunnerGroup, and the permission Self-hosted runners
    ok runner-version (ubuntu): runner 2.338.0 is supported until 1970-11-22
    warn runner-version (ubuntu): runner 2.338.0 of profile ubuntu is outdated: GitHub accepts it until 1970-11-02: build or import newer images (docs/upgrade.md)
    fail runner-version (ubuntu): runner 2.338.0 of profile ubuntu is outdated: GitHub accepts it until 1970-10-27: build or import newer images (docs/upgrade.md)
    unknown runner-version (ubuntu): GitHub lists no release of the runner: compare the versions yourself
    unknown runner-version (ubuntu): GitHub is unavailable (503): try again
    unknown runner-version (ubuntu): the image of profile ubuntu does not name the version of its runner: name the image by a tag that ends with the version
    warn github-rate-limit (core): 400 of 5000 requests of limit core are left until 00:00 UTC: wait, or give the handler a credential of its own
    fail github-rate-limit (core): 0 of 5000 requests of limit core are left until 00:00 UTC: wait, or give the handler a credential of its own
    warn github-rate-limit: GitHub demands a pause until 00:00 UTC: wait, or give the handler a credential of its own
    "#);
}

#[test]
fn pools_and_their_nodes_are_judged() {
    let changed = |change: fn(&mut PoolFact)| {
        found(|facts| {
            let pools = facts.azure.pools.as_mut().expect("pools");
            change(pools.get_mut("ubuntu").expect("a pool"));
        })
    };
    let of_profiles = |change: fn(&mut Facts)| found(change);
    let texts = [
        changed(|pool| pool.autoscale_error = Some("InsufficientSampleData".to_owned())),
        changed(|pool| pool.resize_errors = vec!["AccountCoreQuotaReached".to_owned()]),
        changed(|pool| (pool.scaled, pool.max_nodes) = (false, None)),
        changed(|pool| (pool.scaled, pool.targets) = (false, (2, 1))),
        changed(|pool| pool.vm_size = "unknown".to_owned()),
        of_profiles(|facts| facts.policy.profiles[0].slots = 2),
        of_profiles(|facts| {
            facts.policy.profiles[0].docker = true;
            facts.azure.pools.as_mut().expect("pools").get_mut("ubuntu").expect("one").slots = 4;
        }),
        of_profiles(|facts| {
            facts.policy.profiles[0].node_per_job = true;
            facts.azure.pools.as_mut().expect("pools").get_mut("ubuntu").expect("one").slots = 4;
        }),
        found(|facts| {
            let broken = [("starttaskfailed".to_owned(), 2)].into();
            facts.azure.broken_nodes.insert("ubuntu".to_owned(), Ok(broken));
        }),
        found(|facts| facts.azure.broken_nodes = BTreeMap::new()),
        found(|facts| drop(facts.azure.pools.as_mut().expect("pools").remove("windows"))),
        found(|facts| facts.azure.pools = Err("403".to_owned())),
    ];
    insta::assert_snapshot!(all(texts), @r"
    fail pool (ubuntu): its autoscale formula cannot be evaluated (InsufficientSampleData): fix the formula, or disable and enable automatic scaling
    warn pool (ubuntu): its last resize failed (AccountCoreQuotaReached): request quota, or choose another size of machines (docs/troubleshooting.md#the-pool-does-not-grow)
    fail pool (ubuntu): it has no formula, and its target is 0 nodes: enable automatic scaling, or set a size
    ok quota: the pools need 40 cores at their maximum, and the quota of the Batch account is 100
    ok pool (ubuntu): it has a fixed size, its target is 3 nodes, and it is steady
    unknown quota: the maximum of pool ubuntu is not known: compare it with Batch account → Quotas in the portal
    fail task-slots (ubuntu): a node has 1 task slots, fewer than a runner of ubuntu needs: lower slots of the profile, or create the pool again with more
    warn task-slots (ubuntu): a node runs several jobs of ubuntu, which have an engine and could reach each other: use a pool with one task slot a node
    fail task-slots (ubuntu): a node has 4 task slots, and ubuntu has nodePerJob: use a pool with one task slot a node
    fail nodes (ubuntu): nodes that take no task: 2 starttaskfailed: see stderr.txt of the start task (docs/troubleshooting.md#nodes)
    unknown nodes (ubuntu): its nodes were not read: try again
    unknown nodes (windows): its nodes were not read: try again
    fail pool (windows): Batch has no pool windows, which setting RunnerProfiles names: create it, or correct the profile
    ok quota: the pools need 40 cores at their maximum, and the quota of the Batch account is 100
    unknown pool: 403: check the roles of the handler's identity (arm/README.md#roles)
    ");
}

#[test]
fn the_quota_is_compared_with_the_maximum() {
    let quota = |dedicated| found(|facts| facts.azure.quota = Ok(Quota { dedicated, spot: 0 }));
    let unread = found(|facts| facts.azure.quota = Err("403".to_owned()));
    insta::assert_snapshot!(all([quota(79), quota(0), unread]), @r"
    warn quota: the pools need 80 cores at their maximum, and the quota of the Batch account is 79: request quota for the Batch account, or lower the maximum of a pool
    fail quota: the pools need 80 cores at their maximum, and the quota of the Batch account is 0: request quota for the Batch account in the portal
    unknown quota: 403: compare the maximum of the pools with Batch account → Quotas in the portal
    ");
    let cores = ["Standard_D4s_v5", "standard_nc24ads_a100_v4", "Standard_B2ms", "Basic_A1", "é"];
    assert_eq!(cores.map(azure::cores), [Some(4), Some(24), Some(2), None, None]);
}

#[test]
fn storage_and_pauses_are_judged() {
    let mut pauses = Pauses::default();
    let pause = Pause {
        at: now(),
        who: "ann@desk".to_owned(),
        why: "a new image".to_owned(),
        batch_jobs: [1].into(),
        resumed: None,
    };
    pauses.pause("ubuntu", pause);
    let unread = || "403 AuthorizationFailure".to_owned();
    let texts = [
        found(|facts| facts.azure.messages = Err(refused())),
        found(|facts| facts.azure.state = Err(refused())),
        found(|facts| facts.azure.messages = Err(silent())),
        found(|facts| facts.azure.state = Err(silent())),
        found(|facts| facts.azure.poison = Err(unread())),
        found(|facts| facts.azure.poison = Ok(2)),
        found(|facts| facts.azure.pauses = Err(unread())),
        found(|facts| facts.azure.pauses = Ok(pauses)),
    ];
    insta::assert_snapshot!(all(texts), @r"
    fail queue: GitHub refuses it: check the roles of the handler's identity (arm/README.md#roles)
    fail state: GitHub refuses it: check the roles of the handler's identity (arm/README.md#roles)
    unknown queue: GitHub is unavailable (503): try again
    unknown state: GitHub is unavailable (503): try again
    unknown poison: 403 AuthorizationFailure: check the roles of the handler's identity (arm/README.md#roles)
    warn poison: 2 messages have failed permanently: see `mayfly status`, and replay them with `mayfly replay poison`
    unknown paused: 403 AuthorizationFailure: check the roles of the handler's identity (arm/README.md#roles)
    warn paused (ubuntu): profile ubuntu is paused since 1970-10-28T00:00:00Z by ann@desk: a new image: `mayfly resume ubuntu`, if the reason is gone
    ");
}

#[test]
fn both_firewalls_are_judged() {
    let stored = |stored| found(|facts| facts.azure.ranges = Some(Ok((stored, ranges()))));
    let texts = [
        stored(ranges()[1..].to_vec()),
        stored(Vec::new()),
        found(|facts| facts.azure.ranges = Some(Err("GitHub is unavailable (503)".to_owned()))),
        found(|facts| facts.azure.ranges = None),
        found(|facts| facts.azure.restricted = Some(Ok(false))),
        found(|facts| facts.azure.restricted = Some(Err("403".to_owned()))),
        found(|facts| facts.azure.restricted = None),
    ];
    insta::assert_snapshot!(all(texts), @r#"
    warn webhook-ranges: 1 of 9 ranges that GitHub publishes are not in force: RefreshFirewall repairs it within six hours; see its log, and alarm="firewall"
    fail webhook-ranges: none of the ranges that GitHub publishes is in force: deliveries are rejected: RefreshFirewall repairs it within six hours; see its log, and alarm="firewall"
    unknown webhook-ranges: GitHub is unavailable (503): try again
    ok webhook-ranges: the settings list who may send webhooks
    warn access-restrictions: the app's access restrictions differ from the webhook ranges: RefreshFirewall repairs it within six hours; see its log, and alarm="firewall"
    unknown access-restrictions: 403: check the roles of the handler's identity (arm/README.md#roles)
    unknown access-restrictions: setting FunctionAppResourceId is not set, so the app's access restrictions are not read: compare them in the portal
    "#);
}

#[test]
fn settings_are_judged() {
    let warning = |setting: &str| {
        let (setting, problem) = (setting.to_owned(), "admits 0.0.0.0/0".to_owned());
        found(|facts| facts.warnings = vec![(setting, problem)])
    };
    let texts = [
        warning("AllowedRepositories"),
        warning("OperatorRanges"),
        warning("GithubHookRanges"),
        found(|facts| facts.operators = Vec::new()),
    ];
    insta::assert_snapshot!(all(texts), @r"
    warn allowed-repositories: setting AllowedRepositories admits 0.0.0.0/0: name each owner in full
    warn operator-ranges: setting OperatorRanges admits 0.0.0.0/0: list the networks of the operators
    warn setting (GithubHookRanges): setting GithubHookRanges admits 0.0.0.0/0: change the setting
    warn operator-ranges: setting OperatorRanges is empty: no address may call Status and Operate: list the networks of the operators
    ");
}

#[test]
fn the_handler_does_not_start_with_faulty_settings() {
    let lookup = |name: &str| match name {
        "GithubToken" => Some("@Microsoft.KeyVault(SecretUri=https://v/secrets/t)".to_owned()),
        "AllowedRepositories" => Some("octo".to_owned()),
        _ => None,
    };
    let faults = Settings::read(lookup).expect_err("faults");
    let report = examine_faults(faults.list(), now());
    assert!(report.fails());
    let wanted = ["GithubToken", "AllowedRepositories"];
    let of = |finding: &&Finding| wanted.contains(&finding.subject.as_deref().unwrap_or_default());
    let lines: Vec<String> = report.findings.iter().filter(of).map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    fail setting (AllowedRepositories): AllowedRepositories "octo" is not OWNER/NAME, in which * matches any text and ? any character: correct the setting: the handler does not start with it
    fail key-vault (GithubToken): GithubToken is a Key Vault reference that was not resolved: Key Vault references: grant the app's identity Key Vault Secrets User, check the secret's name and the vault's network, then trigger resolution by changing any setting (az functionapp config appsettings set --resource-group GROUP --name APP --settings SecretsChanged=NOW) or by a restart; otherwise it takes up to 24 hours
    "#);
}

#[test]
fn the_app_its_clock_and_its_timers_are_judged() {
    let claim = |answer: Result<u16, String>| {
        found(|facts| facts.claim_address = Some(("mine.test".to_owned(), answer)))
    };
    let clock =
        |seconds| found(|facts| facts.clocks = vec![("GitHub", Ok(TimeDelta::seconds(seconds)))]);
    let run =
        |minutes| found(|facts| facts.last_run = Ok(Some(now() - TimeDelta::minutes(minutes))));
    let texts = [
        claim(Ok(403)),
        claim(Ok(404)),
        claim(Ok(503)),
        claim(Err("connection refused".to_owned())),
        found(|facts| facts.claim_address = None),
        clock(59),
        clock(61),
        clock(-301),
        found(|facts| facts.clocks = vec![("Batch", Err("no date".to_owned()))]),
        run(11),
        run(31),
        found(|facts| facts.last_run = Ok(None)),
        found(|facts| facts.last_run = Err("403".to_owned())),
    ];
    insta::assert_snapshot!(all(texts), @r"
    unknown claim-address (mine.test): an access restriction of mine.test rejects this machine, and need not reject the pool: try it on a node: `curl --data {}` with the address must be answered with 400
    fail claim-address (mine.test): there is no function ClaimRunner at mine.test: check setting ClaimUrl: it must end with /api/ClaimRunner
    warn claim-address (mine.test): mine.test answers with 503: check that the Function App runs
    unknown claim-address (mine.test): mine.test cannot be reached from here (connection refused); the pool may reach it: try it on a node: `curl --data {}` with the address must be answered with 400

    ok clock (GitHub): the clock is 59 s behind that of GitHub
    warn clock (GitHub): the clock is 61 s behind that of GitHub: check the time of the machine that runs the handler
    fail clock (GitHub): the clock is 301 s ahead of that of GitHub: check the time of the machine that runs the handler
    unknown clock (Batch): the time of Batch is not known: no date: try again
    warn timers: ReconcileRunners ran 11 minutes ago: see the log of ReconcileRunners; the alert `silence` reports the same
    fail timers: ReconcileRunners ran 31 minutes ago: see the log of ReconcileRunners; the alert `silence` reports the same
    unknown timers: ReconcileRunners has recorded no run yet: see the log of ReconcileRunners; the alert `silence` reports the same
    unknown timers: the last run of ReconcileRunners is not known: 403: see the log of ReconcileRunners; the alert `silence` reports the same
    ");
}
