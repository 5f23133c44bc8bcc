//! Refusals, suspensions, renames, deletions, and groups of the enterprise.

use super::apps::jwt;
use super::*;
use crate::{Group, NewJob, Refusal, RefusalReason, Scope};

impl World {
    /// Returns the status, the message and the header of single sign-on of a GET.
    async fn outcome(&self, path: &str) -> String {
        let response = self.get(path).await;
        let sso = response.headers().get("x-github-sso").map(|text| text.to_str().expect("a text"));
        let sso = sso.map(|text| format!(" [{text}]")).unwrap_or_default();
        let message = response.body()["message"].as_str().unwrap_or("-");
        format!("{} {message}{sso}", response.status().as_u16())
    }

    fn refuse(&self, account: Option<&str>, operation: Option<&str>, reason: RefusalReason) {
        let (account, operation) = (account.map(str::to_owned), operation.map(str::to_owned));
        self.github.refuse(Refusal { account, operation, reason });
    }
}

#[tokio::test]
async fn each_refusal_has_githubs_status_text_and_headers() {
    let world = World::with_app().await;
    let mut outcomes = Vec::new();
    for reason in [
        RefusalReason::BadCredentials,
        RefusalReason::SingleSignOn,
        RefusalReason::IpAllowList,
        RefusalReason::Permission,
    ] {
        world.refuse(Some("Octo"), None, reason);
        outcomes.push(world.outcome("/repos/octo/app/actions/runs").await);
        outcomes.push(world.outcome("/repos/corp/app/actions/runs").await);
        world.github.accept_again();
    }
    insta::assert_snapshot!(outcomes.join("\n"), @"
    401 Bad credentials
    200 -
    403 Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization. [required; url=https://github.com/orgs/octo/sso?authorization_request=AZSCKL]
    200 -
    403 Although you appear to have the correct authorization credentials, the `octo` organization has an IP allow list enabled, and your IP address 203.0.113.7 is not permitted to access this resource.
    200 -
    403 Resource not accessible by personal access token
    200 -
    ");
}

#[tokio::test]
async fn a_refusal_may_concern_one_operation_or_all_accounts() {
    let world = World::with_app().await;
    world.refuse(None, Some("ListWorkflowRunsForRepo"), RefusalReason::Permission);
    let paths = ["/repos/octo/app/actions/runs", "/repos/corp/app/actions/runs", "/repos/octo/app"];
    let mut statuses = Vec::new();
    for path in paths {
        statuses.push(world.get(path).await.status().as_u16());
    }
    assert_eq!(statuses, [403, 403, 200]);
    world.github.accept_again();
    world.refuse(Some("octo"), None, RefusalReason::SingleSignOn);
    let repositories = world.get("/user/repos").await;
    assert_eq!(repositories.body().as_array().expect("a list").len(), 1);
    let sso = repositories.headers()["x-github-sso"].to_str().expect("a text");
    assert!(sso.starts_with("partial-results; organizations="), "{sso}");
}

#[tokio::test]
async fn a_suspended_installation_gets_no_token_and_no_event() {
    let world = World::with_app().await;
    let token = jwt(world.claims(-60, 540));
    let found = world.call(Method::GET, "/orgs/octo/installation", &token).await;
    assert_eq!(found.body()["suspended_at"], Value::Null);
    let path = format!("/app/installations/{}/access_tokens", found.body()["id"]);
    let made = world.call(Method::POST, &path, &jwt(world.claims(-59, 540))).await;
    let of_installation = made.body()["token"].as_str().expect("a text").to_owned();
    assert_eq!(
        world.command(Method::POST, "/installations/octo/suspension", Value::Null).await.0,
        202
    );
    let all = world.call(Method::GET, "/app/installations", &token).await;
    assert!(all.body()[0]["suspended_at"].is_string(), "{}", all.body());
    let again = world.call(Method::POST, &path, &jwt(world.claims(-58, 540))).await;
    let used = world.call(Method::GET, "/repos/octo/app/actions/runs", &of_installation).await;
    for refused in [again, used] {
        assert_eq!(refused.status().as_u16(), 403);
        assert_eq!(refused.body()["message"], "This installation has been suspended");
    }
    let url = "http://127.0.0.1:9/";
    world.github.add_app_hook(7, url, "a secret");
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    assert!(world.github.deliveries().iter().all(|delivery| delivery.event == "ping"));
    assert!(world.github.resume_installation("octo"));
    assert_eq!(world.call(Method::POST, &path, &jwt(world.claims(-57, 540))).await.status(), 201);
    assert_eq!(world.command(Method::DELETE, "/installations/octo", Value::Null).await.0, 202);
    assert_eq!(world.call(Method::POST, &path, &jwt(world.claims(-56, 540))).await.status(), 404);
}

#[tokio::test]
async fn a_former_name_redirects_to_the_id_of_the_repository() {
    let world = World::with_app().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let new = json!({ "full_name": "corp/Shop" });
    assert_eq!(world.command(Method::POST, "/repositories/octo/app/rename", new).await.0, 202);
    let moved = world.get(&format!("/api/v3/repos/OCTO/App/actions/jobs/{job}?x=1")).await;
    assert_eq!(moved.status().as_u16(), 301);
    let location = moved.headers()["location"].to_str().expect("a text").to_owned();
    assert_eq!(moved.body()["url"], location);
    let (before, path) = location.split_once("/api/v3/repositories/").expect("a value");
    assert_eq!((before, path.split('?').nth(1)), (world.listening.url.as_str(), Some("x=1")));
    let found = world.get(&location[world.listening.url.len()..]).await.into_body();
    assert!(
        found["url"].as_str().expect("a text").contains("/repos/corp/Shop/actions/jobs/"),
        "{found}"
    );
    let body = json!({ "name": "a", "runner_group_id": 1, "labels": ["linux"] });
    let path = "/repos/octo/app/actions/runners/generate-jitconfig";
    let moved = world.api(Method::POST, path, body.clone()).await;
    assert_eq!(moved.status().as_u16(), 307);
    let location = moved.headers()["location"].to_str().expect("a text");
    let made = world.api(Method::POST, &location[world.listening.url.len()..], body).await;
    assert_eq!(made.status().as_u16(), 201);
    world.github.add_repository("octo/app", Visibility::Private);
    assert_eq!(world.get("/repos/octo/app").await.status().as_u16(), 200, "the name is taken");
}

#[tokio::test]
async fn an_organization_and_its_runners_stay_if_its_repository_moves() {
    let world = World::start().await;
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let body = json!({ "name": "a", "runner_group_id": 1, "labels": ["linux"] });
    let path = "/orgs/octo/actions/runners/generate-jitconfig";
    assert_eq!(world.api(Method::POST, path, body).await.status(), 201);
    assert!(world.github.rename_repository("octo/app", "corp/app"));
    let count = async |organization: &str| {
        let listed = world.get(&format!("/orgs/{organization}/actions/runners")).await;
        listed.body()["total_count"].clone()
    };
    assert_eq!((count("OCTO").await, count("corp").await), (json!(1), json!(0)));
    assert_eq!(world.get("/orgs/other/actions/runners").await.status(), 404);
}

#[tokio::test]
async fn a_deleted_run_is_not_found_and_frees_no_other_job() {
    let world = World::start().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let run = world.github.job(job).expect("a job").run;
    let second = NewJob { run: Some(run), ..NewJob::new("octo/app", &["linux"]) };
    let second = world.github.queue_job(second);
    assert!(world.github.delete_job(job));
    let jobs = world.get(&format!("/repos/octo/app/actions/runs/{run}/jobs")).await.into_body();
    assert_eq!((&jobs["total_count"], &jobs["jobs"][0]["id"]), (&json!(1), &json!(second)));
    let runner = world.runner("gh-1", &["linux"]).await;
    assert_eq!(world.accept_job(&runner).await, second);
    assert!(!world.github.delete_run(run), "a job is in progress");
    let other = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let run = world.github.job(other).expect("a job").run;
    assert_eq!(world.command(Method::DELETE, &format!("/runs/{run}"), Value::Null).await.0, 202);
    let statuses = [
        world.get(&format!("/repos/octo/app/actions/runs/{run}")).await.status().as_u16(),
        world.get(&format!("/repos/octo/app/actions/runs/{run}/jobs")).await.status().as_u16(),
        world.get(&format!("/repos/octo/app/actions/jobs/{other}")).await.status().as_u16(),
        world.get("/repos/octo/app/actions/runs").await.status().as_u16(),
    ];
    assert_eq!(statuses, [404, 404, 404, 200]);
    world.clock.advance(std::time::Duration::from_secs(90_000));
    assert_eq!(world.github.jobs().len(), 1);
}

#[tokio::test]
async fn an_inherited_group_is_listed_first_and_takes_no_runner() {
    let world = World::with_app().await;
    let group = |scope: &str| Group {
        id: 0,
        name: "ours".to_owned(),
        scope: Scope::Organization(scope.to_owned()),
        repositories: None,
        allows_public_repositories: false,
    };
    let inherited = world.github.add_inherited_group(group("octo"));
    let own = world.github.add_group(group("octo"));
    world.github.restrict_group(own, Some(&["octo/app/.github/workflows/cd.yml@refs/heads/main"]));
    let groups = world.get("/orgs/octo/actions/runner-groups").await.into_body();
    let line = |group: &Value| {
        format!("{} {} {}", group["name"], group["inherited"], group["restricted_to_workflows"])
    };
    let lines: Vec<String> =
        groups["runner_groups"].as_array().expect("a list").iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    "ours" true false
    "Default" false false
    "ours" false true
    "#);
    let path = "/orgs/octo/actions/runners/generate-jitconfig";
    let register = |name: &str, group: u64| json!({ "name": name, "runner_group_id": group, "labels": ["linux"] });
    assert_eq!(world.api(Method::POST, path, register("a", inherited)).await.status(), 404);
    let made = world.api(Method::POST, path, register("b", own)).await.into_body();
    world.open_session(made["runner"]["id"].as_u64().expect("a value")).await;
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    assert!(
        world.github.runners().iter().all(|runner| !runner.busy),
        "its workflow is another one"
    );
    world.github.restrict_group(own, Some(&["octo/app/.github/workflows/ci.yml@refs/heads/main"]));
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    assert!(world.github.runners().iter().any(|runner| runner.busy));
}

#[tokio::test]
async fn a_repository_that_is_not_granted_is_missing_everywhere() {
    let world = World::with_app().await;
    world.github.refuse_in_repository("Octo/app", None, RefusalReason::NotFound);
    assert_eq!(world.outcome("/repos/octo/app").await, "404 Not Found");
    assert_eq!(world.outcome("/repos/octo/app/actions/runs").await, "404 Not Found");
    assert_eq!(world.outcome("/repos/corp/app").await, "200 -");
    let listed = world.get("/user/repos").await.into_body().to_string();
    assert!(!listed.contains("octo/app") && listed.contains("corp/app"), "{listed}");
    world.github.accept_again();
    let operation = Some("ListWorkflowRunsForRepo");
    world.github.refuse_in_repository("octo/app", operation, RefusalReason::Permission);
    assert_eq!(world.get("/repos/octo/app/actions/runs").await.status(), 403);
    assert_eq!(world.outcome("/repos/octo/app").await, "200 -");
}

#[tokio::test]
async fn a_deleted_repository_takes_its_jobs_along() {
    let world = World::with_app().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    assert!(world.github.delete_repository("octo/App"));
    assert!(!world.github.delete_repository("octo/app"));
    assert!(world.github.job(job).is_none());
    assert_eq!(world.outcome("/repos/octo/app").await, "404 Not Found");
}

#[tokio::test]
async fn an_odd_item_is_added_to_the_lists_of_its_operation() {
    let world = World::with_app().await;
    let odd = serde_json::json!({ "id": 7, "busy": null });
    world.github.add_odd_item("ListSelfHostedRunnersForRepo", odd.clone());
    let listed = world.get("/repos/octo/app/actions/runners").await.into_body();
    assert_eq!(listed, serde_json::json!({ "total_count": 1, "runners": [odd] }));
    world.github.remove_odd_items();
    let listed = world.get("/repos/octo/app/actions/runners").await.into_body();
    assert_eq!(listed["total_count"], 0);
}

#[tokio::test]
async fn the_runners_of_an_inherited_group_are_in_its_list_only() {
    let world = World::with_app().await;
    let scope = Scope::Organization("octo".to_owned());
    let group = world.github.add_inherited_group(Group {
        id: 0,
        name: "everyone".to_owned(),
        scope: scope.clone(),
        repositories: None,
        allows_public_repositories: false,
    });
    let labels = vec!["gpu".to_owned()];
    let new = crate::NewRunner { name: "box".to_owned(), scope, group, labels, ephemeral: false };
    let (id, _) = world.github.register_runner(new).expect("a free name");
    let list = format!("/orgs/octo/actions/runner-groups/{group}/runners");
    assert_eq!(world.get(&list).await.body()["runners"][0]["name"], "box");
    assert_eq!(world.get("/orgs/octo/actions/runners").await.body()["total_count"], 0);
    assert_eq!(world.get(&format!("/orgs/octo/actions/runners/{id}")).await.status(), 404);
    let own = "/orgs/octo/actions/runner-groups/1/runners";
    assert_eq!(world.get(own).await.body()["total_count"], 0);
}
