//! Tests of the checks: each passes, is unknown without its fact, and fails for its reason.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

mod azure;
mod github;
mod pipelines;

use super::facts::{
    AccessRead, AzureFacts, Credential, Denied, Facts, GithubFacts, InstallationFact, PoolFact,
    Quota, WebhookFact,
};
use super::{CheckStatus, Finding, examine, examine_faults};
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
        pipelines: None,
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
    ok timers: ReconcileRunners last recorded a run 1 minutes ago
    "#);
    assert!(
        report.findings.iter().all(|one| one.advice.is_none() == (one.status == CheckStatus::Ok))
    );
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
    warn timers: ReconcileRunners last recorded a run 11 minutes ago: see the log of ReconcileRunners; the alert `silence` reports the same
    fail timers: ReconcileRunners last recorded a run 31 minutes ago: see the log of ReconcileRunners; the alert `silence` reports the same
    unknown timers: ReconcileRunners has recorded no run yet: see the log of ReconcileRunners; the alert `silence` reports the same
    unknown timers: the last run of ReconcileRunners is not known: 403: see the log of ReconcileRunners; the alert `silence` reports the same
    ");
}
