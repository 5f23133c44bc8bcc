//! The checks of GitHub.

use super::*;

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
