use std::collections::BTreeMap;

use super::*;
use crate::firewall::HookSource;
use crate::firewall::ranges::built_in;

fn complete() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
        ("BatchAccountUrl", "mine.westeurope.batch.azure.com"),
        ("BatchAccountName", "mine"),
        ("ContainerRegistryServer", "mine.azurecr.io"),
        ("GithubToken", "ghp_hush"),
        ("AllowedRepositories", "octo/*"),
        ("GithubWebhookSecret", "hush-webhook-secret"),
        ("TicketKey", "hush-newer-ticket-key,hush-older-ticket-key"),
        ("AzureWebJobsStorage__accountName", "minestorage"),
        ("WEBSITE_HOSTNAME", "mine.azurewebsites.net"),
    ])
}

fn read(changes: &[(&'static str, &'static str)]) -> Result<Settings, Faults> {
    let mut given = complete();
    given.extend(changes.iter().copied());
    Settings::read(|name| given.get(name).map(|&value| value.to_owned()))
}

#[test]
fn settings_are_derived_from_those_of_azure() {
    let settings = read(&[]).expect("complete settings");
    assert_eq!(settings.batch.url.as_str(), "https://mine.westeurope.batch.azure.com/");
    let queue = "https://minestorage.queue.core.windows.net/runner-requests";
    assert_eq!(settings.storage.queue.expose().as_str(), queue);
    let state = "https://minestorage.blob.core.windows.net/mayfly-state";
    assert_eq!(settings.storage.state.expose().as_str(), state);
    let claim_url = "https://mine.azurewebsites.net/api/ClaimRunner".parse().expect("a URL");
    assert_eq!(settings.runners.registration, Registration::Jit { claim_url });
    assert_eq!(settings.github.web.as_str(), "https://github.com/");
    let published = HookSource::Published { built_in: built_in() };
    assert_eq!(settings.firewall.source, published);
    assert_eq!(settings.firewall.management.as_str(), "https://management.azure.com/");
    assert_eq!((settings.firewall.app, settings.firewall.first.operators.len()), (None, 0));
    assert_eq!(settings.webhook.policy.profiles.len(), 4);
}

/// Splits the one line into several.
fn by_lines(faults: &Faults) -> String {
    let line = faults.to_string();
    assert_eq!(line.lines().count(), 1, "the host makes a record of each line");
    line.replace("; ", "\n  ")
}

#[test]
fn missing_settings_are_reported_in_one_message() {
    let faults = Settings::read(|_| None).expect_err("nothing is set");
    insta::assert_snapshot!(by_lines(&faults), @"
    11 application settings are invalid: FUNCTIONS_CUSTOMHANDLER_PORT is missing
      AllowedRepositories is missing
      GithubWebhookSecret is missing
      GithubToken is missing: set it, or GithubAppId and GithubAppPrivateKey
      BatchAccountUrl is missing
      BatchAccountName is missing
      RunnerQueueUrl is missing
      StateContainerUrl is missing
      ClaimUrl is missing
      ContainerRegistryServer is missing
      TicketKey is missing
    ");
}

#[test]
fn malformed_settings_are_named_without_their_values() {
    let faults = read(&[
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "many"),
        ("GithubHookRanges", "localhost"),
        ("OperatorRanges", "any"),
        ("FunctionAppResourceId", "mayfly"),
        ("AzureManagementUrl", "http://management.azure.com"),
        ("AllowedRepositories", "octo/*, !octo/secret"),
        ("AllowPublicRepositories", "perhaps"),
        ("RunnerScope", "planet"),
        ("RunnerProfiles", "[]"),
        ("RunnerRegistration", "later"),
        ("BatchAccountKey", "hush?"),
        ("BatchAccountUrl", "ftp://x"),
        ("DeploymentName", "My Runners"),
        ("MaxJobHours", "1000"),
        ("RunnerIdleMinutes", "0"),
        ("NoCapacityMinutes", "soon"),
        ("HistoryDays", "-1"),
        ("CancelUnservable", "maybe"),
        ("ReconcileSchedule", "*/25 * * * * *"),
        ("TicketKey", "hush,"),
        ("GithubToken", "@Microsoft.KeyVault(SecretUri=https://v/secrets/t)"),
    ])
    .expect_err("faulty settings");
    insta::assert_snapshot!(by_lines(&faults), @r#"
    21 application settings are invalid: RunnerProfiles contains no profile
      FUNCTIONS_CUSTOMHANDLER_PORT is malformed
      AllowedRepositories "!octo/secret" is not OWNER/NAME, in which * matches any text and ? any character
      AllowPublicRepositories must be true or false
      GithubHookRanges "localhost" is not a network such as 192.30.252.0/22
      OperatorRanges "any" is not a network such as 192.30.252.0/22
      FunctionAppResourceId must be the app's resource id: /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Web/sites/APP
      AzureManagementUrl must be an https URL: credentials are sent to it
      RunnerScope must be repository, organization or enterprise
      GithubToken is a Key Vault reference that was not resolved
      BatchAccountUrl is not a URL such as https://host/path
      BatchAccountKey is not base64: copy the account's key from the portal
      RunnerRegistration must be jit or token
      MaxJobHours must be a number from 1 to 120
      DeploymentName must be 1 to 12 characters of a-z and 0-9
      TicketKey must have 16 characters or more on each side of a comma
      ReconcileSchedule must be */N * * * * * for every N seconds (10, 15, 20 or 30), or 0 */N * * * * for every N minutes (1 to 5)
      RunnerIdleMinutes must be a number from 1 to 1440
      NoCapacityMinutes must be a number from 1 to 1440
      CancelUnservable must be true or false
      HistoryDays must be a number from 0 to 3650
      Key Vault references: grant the app's identity Key Vault Secrets User, check the secret's name and the vault's network, then trigger resolution by changing any setting (az functionapp config appsettings set --resource-group GROUP --name APP --settings SecretsChanged=NOW) or by a restart
      otherwise it takes up to 24 hours
    "#);
    assert!(!format!("{faults}{faults:?}").contains("hush"));
}

#[test]
fn an_enterprise_needs_a_slug_another_github_its_ranges() {
    let faults = read(&[("RunnerScope", "enterprise")]).expect_err("no slug");
    assert!(faults.to_string().contains("GithubEnterprise is missing"));
    let faults = read(&[("GithubApiUrl", "https://git.corp/api/v3")]).expect_err("no ranges");
    assert!(faults.to_string().contains("GithubHookRanges is required"));
    let settings = read(&[
        ("RunnerScope", "enterprise"),
        ("GithubEnterprise", "corp"),
        ("GithubApiUrl", "https://git.corp/api/v3"),
        ("GithubHookRanges", "10.0.0.0/8"),
    ]);
    assert_eq!(settings.expect("all is there").github.scope, Scope::Enterprise("corp".to_owned()));
}

const APP_KEY: &str = include_str!("../../tests/keys/app.pkcs1.pem");

#[test]
fn github_is_accessed_with_a_token_or_an_app() {
    let app = [("GithubAppId", "123"), ("GithubAppPrivateKey", APP_KEY)];
    let faults = |changes: &[(&'static str, &'static str)]| {
        read(changes).map(|_| ()).map_err(|faults| faults.to_string())
    };
    let fault = |changes: &[(&'static str, &'static str)]| -> String {
        faults(changes).expect_err("a fault")
    };
    insta::assert_snapshot!(fault(&app), @"an application setting is invalid: GithubToken is set as well as a GitHub App: remove one of the two");
    let app = [app[0], app[1], ("GithubToken", "")];
    assert_eq!(faults(&app), Ok(()));
    insta::assert_snapshot!(fault(&[app[0], app[2]]), @"an application setting is invalid: GithubAppPrivateKey is missing");
    insta::assert_snapshot!(fault(&[app[1], app[2]]), @"an application setting is invalid: GithubAppId is missing");
    insta::assert_snapshot!(fault(&[app[0], app[2], ("GithubAppPrivateKey", "hush")]), @"an application setting is invalid: GithubAppPrivateKey is not an RSA private key in PEM: copy the whole file from GitHub");
    insta::assert_snapshot!(fault(&[app[1], app[2], ("GithubAppId", "a/b")]), @"an application setting is invalid: GithubAppId must be the id of the GitHub App, or its client id; several with commas between them");
    insta::assert_snapshot!(fault(&[app[1], app[2], ("GithubAppId", "1,2")]), @"an application setting is invalid: GithubAppPrivateKey has 1 keys for 2 ids in GithubAppId: write the keys one after the other, in the order of the ids");
    insta::assert_snapshot!(fault(&[app[1], app[2], ("GithubAppId", "1, 1")]), @"an application setting is invalid: GithubAppId names App 1 twice");
    let enterprise = [("RunnerScope", "enterprise"), ("GithubEnterprise", "corp")];
    insta::assert_snapshot!(fault(&[&app[..], &enterprise].concat()), @"an application setting is invalid: GithubAppId cannot register an enterprise's runners: set GithubToken instead");
}

#[test]
fn another_github_may_publish_its_hook_ranges() {
    let settings =
        read(&[("GithubApiUrl", "https://api.octo.ghe.com"), ("GithubHookRanges", "Meta")])
            .expect("all is there");
    // The ranges of github.com do not belong to another GitHub.
    assert_eq!(settings.firewall.source, HookSource::Published { built_in: Vec::new() });
    let admitted =
        settings.firewall.first.admit(crate::firewall::Audience::Github, Some("140.82.115.7"));
    assert!(admitted.is_err());
}

#[test]
fn settings_cannot_be_printed_with_their_secrets() {
    let settings = read(&[
        ("BatchAccountKey", "aHVzaC1odXNoLWh1c2gtaHVzaA=="),
        ("RunnerQueueUrl", "https://s/q?sig=hush"),
    ])
    .expect("complete settings");
    let printed = format!("{settings:?}");
    assert!(!printed.contains("hush") && !printed.contains("aHVzaC1"));
}

/// Returns the faults of settings, or else what they are warned of.
fn outcome(changes: &[(&'static str, &'static str)]) -> String {
    match read(changes) {
        Ok(settings) => {
            let warnings = settings.warnings.iter();
            warnings.map(|one| format!("warning: {} {}", one.setting, one.problem)).collect()
        }
        Err(faults) => by_lines(&faults).replace("an application setting is invalid: ", ""),
    }
}

#[test]
fn the_url_of_a_web_page_is_not_one_of_the_api() {
    for (url, right) in [
        ("github.com", "https://api.github.com/"),
        ("https://www.github.com/", "https://api.github.com/"),
        ("https://api.github.com/api/v3", "https://api.github.com/"),
        ("https://octo.ghe.com", "https://api.octo.ghe.com/"),
        ("https://git.corp", "https://git.corp/api/v3"),
        ("https://git.corp:8443/api", "https://git.corp:8443/api/v3"),
    ] {
        let ranges = ("GithubHookRanges", "192.0.2.0/24");
        let fault = format!("GithubApiUrl must be the URL of the API: {right}");
        assert_eq!(outcome(&[("GithubApiUrl", url), ranges]), fault, "{url}");
        assert_eq!(outcome(&[("GithubApiUrl", right), ranges]), "", "{right}");
    }
    let emulated = [("GithubApiUrl", "http://127.0.0.1:8080"), ("GithubHookRanges", "any")];
    assert_eq!(outcome(&emulated), "");
}

#[test]
fn credentials_are_sent_in_plain_text_to_this_machine_only() {
    for setting in
        ["BatchAccountUrl", "ClaimUrl", "RunnerQueueUrl", "StateContainerUrl", "AzureManagementUrl"]
    {
        let fault = format!("{setting} must be an https URL: credentials are sent to it");
        assert_eq!(outcome(&[(setting, "http://batch.corp/")]), fault);
        assert_eq!(outcome(&[(setting, "http://localhost.corp/")]), fault);
        for here in ["http://127.0.0.1:80/x", "http://[::1]/x", "http://localhost/x"] {
            assert_eq!(outcome(&[(setting, here)]), "", "{setting} {here}");
        }
    }
}

#[test]
fn settings_that_remove_a_protection_are_rejected_or_warned_of() {
    let app = [("GithubAppId", "123"), ("GithubAppPrivateKey", APP_KEY), ("GithubToken", "")];
    let profiles = |json| outcome(&[("RunnerProfiles", json)]);
    let with_app = |globs| outcome(&[&app[..], &[("AllowedRepositories", globs)]].concat());
    let outcomes = [
        outcome(&[("AllowedRepositories", "")]),
        outcome(&[("AllowedRepositories", "octo/app, */*")]),
        with_app("octo/app, */*"),
        with_app("octo-?/app"),
        outcome(&[("TicketKey", "x")]),
        outcome(&[("GithubWebhookSecret", "a secret with, a comma in it")]),
        outcome(&[("BatchAccountKey", "aHVzaA==")]),
        outcome(&[("OperatorRanges", "10.0.0.0/8,::/0")]),
        outcome(&[("GithubHookRanges", "0.0.0.0/0")]),
        outcome(&[("GithubHookRanges", "any")]),
        profiles(
            r#"[{"name":"a","pool":"p","image":"i:1","labels":["self-hosted"],"bare":["gpu"]}]"#,
        ),
        profiles(r#"[{"name":"a","pool":"p","image":"i:1","labels":[" linux "]}]"#),
        profiles(
            r#"[{"name":"a","pool":"p","image":"i:1","labels":["x","gpu"]},{"name":"b","pool":"q","image":"i:1","labels":["GPU","X"]}]"#,
        ),
        profiles(
            r#"[{"name":"a","pool":"p","image":"i:1","labels":["x","gpu"]},{"name":"b","pool":"q","image":"i:1","labels":["x"],"pin":"run-*"}]"#,
        ),
    ];
    insta::assert_snapshot!(outcomes.join("\n"), @r#"
    AllowedRepositories is missing
    warning: AllowedRepositories contains "*/*": an account of any person can have a name that matches it: name each owner in full
    AllowedRepositories contains "*/*": an account of any person can have a name that matches it, and install the App: name each owner in full
    AllowedRepositories contains "octo-?/app": an account of any person can have a name that matches it, and install the App: name each owner in full
    TicketKey must have 16 characters or more on each side of a comma
    GithubWebhookSecret must have 16 characters or more on each side of a comma
    BatchAccountKey has less than 16 bytes: copy the account's key from the portal
    warning: OperatorRanges admits ::/0, a large part of the internet: list single networks
    warning: GithubHookRanges admits 0.0.0.0/0, a large part of the internet: list single networks
    warning: GithubHookRanges admits any address: list the networks of your GitHub
    RunnerProfiles profile "a": bare label "gpu" must be one of its labels
    RunnerProfiles profile "a": must have 1 to 90 labels, none empty, none with a comma or white space
    warning: RunnerProfiles profile "b" never serves a job: "a" is before it and has all of its labels
    "#);
}

#[test]
fn without_webhooks_nothing_of_them_is_asked_for() {
    let polling = [("Demand", "polling"), ("ReconcileSchedule", "*/30 * * * * *")];
    let without = [("GithubWebhookSecret", ""), polling[0], polling[1]];
    let other_github = ("GithubApiUrl", "https://git.corp/api/v3");
    let settings = read(&[&without[..], &[other_github]].concat()).expect("complete settings");
    assert!(settings.webhook.secret.is_none() && settings.warnings.is_empty());
    let app = "/subscriptions/0000/resourceGroups/g/providers/Microsoft.Web/sites/app";
    let many: Vec<String> = (0..55).map(|n| format!("octo/r{n}")).collect();
    let many: &'static str = many.join(",").leak();
    let outcomes = [
        outcome(&polling),
        outcome(&[&without[..], &[("GithubHookRanges", "meta")]].concat()),
        outcome(&[&without[..], &[("FunctionAppResourceId", app)]].concat()),
        outcome(&[("Demand", "polling")]),
        outcome(&[("Demand", "poll")]),
        outcome(&[&without[..], &[("AllowedRepositories", many)]].concat()),
        outcome(&[("AllowedRepositories", many)]),
    ];
    insta::assert_snapshot!(outcomes.join("\n"), @"
    warning: GithubWebhookSecret has no effect: Demand is polling, and no webhook is accepted
    warning: GithubHookRanges has no effect: Demand is polling, and no webhook is accepted
    warning: FunctionAppResourceId has no effect: Demand is polling, and no webhook is accepted
    ReconcileSchedule must be */30 * * * * *, or at most every minute, if Demand is polling: nothing else finds jobs
    Demand must be webhook or polling
    warning: AllowedRepositories Demand is polling, and one token polls 55 repositories: GitHub's limits allow 54 every 30 seconds, and jobs of the others wait longer. Name fewer in AllowedRepositories, make ReconcileSchedule slower, or use webhooks
    ");
}

#[test]
fn a_node_per_job_needs_claims() {
    let profiles = r#"[{"name":"a","labels":["a"],"pool":"p","image":"i:1","nodePerJob":true}]"#;
    read(&[("RunnerProfiles", profiles)]).expect("valid settings");
    let token = [("RunnerProfiles", profiles), ("RunnerRegistration", "token")];
    insta::assert_snapshot!(by_lines(&read(&token).expect_err("a fault")), @r#"an application setting is invalid: RunnerProfiles profile "a" has nodePerJob, which needs RunnerRegistration=jit: a runner with a token starts without a claim, which would keep further jobs from its node"#);
}
