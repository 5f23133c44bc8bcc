//! Media types, versions, HEAD, and the headers of responses.

use super::*;

impl World {
    async fn with_headers(&self, path: &str, headers: &[(&str, &str)]) -> http::Response<Value> {
        let request = self.request(Method::GET, path);
        let add = |request: http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        let request = headers.iter().fold(request, add);
        self.send(request.body(Bytes::new()).unwrap()).await
    }
}

#[tokio::test]
async fn an_unsupported_version_is_rejected_and_named() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    for version in ["2099-01-01", "v3", "2022-11-29", "", "2022-11-28 "] {
        let response =
            world.with_headers("/repos/octo/app", &[("x-github-api-version", version)]).await;
        let accepted = version.trim() == "2022-11-28";
        assert_eq!(response.status().as_u16(), if accepted { 200 } else { 400 }, "{version:?}");
    }
    let response = world.with_headers("/meta", &[("x-github-api-version", "v3")]).await;
    insta::assert_snapshot!(response.body()["message"].as_str().unwrap(), @r#"Bad Request: The version you specified in the "X-GitHub-API-Version" request header, "v3", is not a supported version. The following versions are currently supported: "2026-03-10" (most recent), "2022-11-28"."#);
    assert_eq!(world.get("/versions").await.body(), &json!(["2026-03-10", "2022-11-28"]));
}

#[tokio::test]
async fn a_newer_version_lacks_what_it_removed() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    for (version, has) in [("2022-11-28", true), ("2026-03-10", false)] {
        let header = [("x-github-api-version", version)];
        let repository = world.with_headers("/repos/octo/app", &header).await;
        assert_eq!(repository.headers()["x-github-api-version-selected"], version);
        assert_eq!(repository.body().get("has_downloads").is_some(), has);
        let limits = world.with_headers("/rate_limit", &header).await;
        assert_eq!(limits.body().get("rate").is_some(), has);
    }
}

#[tokio::test]
async fn a_request_that_accepts_no_json_is_rejected() {
    let world = World::start().await;
    for (accept, status) in [
        ("application/xml", 415),
        ("text/html, application/xhtml+xml", 415),
        ("text/html, */*;q=0.8", 200),
        ("application/vnd.github+json", 200),
        ("application/vnd.github.v3+json", 200),
        ("application/json", 200),
    ] {
        let response = world.with_headers("/meta", &[("accept", accept)]).await;
        assert_eq!(response.status().as_u16(), status, "{accept}");
    }
    let response = world.with_headers("/meta", &[("accept", "application/xml")]).await;
    let text = "Unsupported 'Accept' header: 'application/xml'. Must accept 'application/json'.";
    assert_eq!(response.body()["message"], text);
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_get_and_no_body() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    for path in ["/repos/octo/app", "/repos/octo/none", "/repos/octo/app/actions/runners", "/user"]
    {
        let get = world.request(Method::GET, path).body(Bytes::new()).unwrap();
        let get = (world.transport)(get).await.unwrap();
        let head = world.request(Method::HEAD, path).body(Bytes::new()).unwrap();
        let head = (world.transport)(head).await.unwrap();
        assert_eq!((head.status(), head.body().len()), (get.status(), 0), "{path}");
        let same = ["content-type", "content-length", "etag", "cache-control", "x-ratelimit-limit"];
        for name in same {
            assert_eq!(head.headers().get(name), get.headers().get(name), "{name} of {path}");
        }
    }
    let points = world.get("/rate_limit").await;
    assert_eq!(points.body()["resources"]["core"]["used"], 8, "a HEAD counts as a request");
}

#[tokio::test]
async fn a_read_names_scopes_and_how_long_it_may_be_cached() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let response = world.get("/repos/octo/app").await;
    let shown = ["cache-control", "vary", "x-oauth-scopes", "x-accepted-oauth-scopes"]
        .map(|name| format!("{name}: {}", response.headers()[name].to_str().unwrap()));
    insta::assert_snapshot!(shown.join("\n"), @"
    cache-control: private, max-age=60, s-maxage=60
    vary: Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, X-Requested-With
    x-oauth-scopes: admin:org, admin:org_hook, admin:repo_hook, manage_runners:enterprise, repo, workflow
    x-accepted-oauth-scopes: 
    ");
    let anonymous = http::Request::get(format!("{}/meta", world.listening.url));
    let anonymous = anonymous.header("user-agent", "test").body(Bytes::new()).unwrap();
    let anonymous = world.send(anonymous).await;
    assert_eq!(anonymous.headers()["cache-control"], "public, max-age=60, s-maxage=60");
    assert!(!anonymous.headers().contains_key("x-oauth-scopes"));
}
