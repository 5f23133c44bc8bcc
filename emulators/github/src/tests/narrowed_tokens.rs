//! Installation access tokens that are narrowed to permissions or repositories.

use super::apps::{app, jwt};
use super::*;
use crate::App;

impl World {
    async fn with_wide_app() -> (Self, u64) {
        let world = Self::start().await;
        for repository in ["octo/app", "octo/shop", "corp/app"] {
            world.github.add_repository(repository, Visibility::Private);
        }
        let permissions = [("actions", "write"), ("administration", "write")];
        let permissions = permissions.map(|(name, level)| (name.to_owned(), level.to_owned()));
        world.github.add_app(App { permissions: permissions.into(), ..app() });
        let token = jwt(world.claims(-60, 540));
        let found = world.call(Method::GET, "/orgs/octo/installation", &token).await;
        let id = found.body()["id"].as_u64().unwrap();
        (world, id)
    }

    async fn token(&self, installation: u64, body: Value) -> http::Response<Value> {
        let path = format!("/app/installations/{installation}/access_tokens");
        let request = self.request(Method::POST, &path).body(Bytes::from(body.to_string()));
        let mut request = request.unwrap();
        let bearer = format!("Bearer {}", jwt(self.claims(-60, 540)));
        request.headers_mut().insert(header::AUTHORIZATION, bearer.parse().unwrap());
        self.send(request).await
    }
}

#[tokio::test]
async fn a_token_has_only_the_permissions_it_was_narrowed_to() {
    let (world, id) = World::with_wide_app().await;
    let made = world.token(id, json!({ "permissions": { "actions": "read" } })).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let permissions = json!({ "actions": "read", "metadata": "read" });
    assert_eq!(made.body()["permissions"], permissions);
    let token = made.body()["token"].as_str().unwrap();
    for (method, path, status) in [
        (Method::GET, "/repos/octo/app/actions/runs", 200),
        (Method::GET, "/repos/octo/app/actions/runners", 403),
        (Method::POST, "/repos/octo/app/actions/runners/registration-token", 403),
        (Method::GET, "/repos/octo/shop", 200),
        (Method::GET, "/user", 403),
    ] {
        let response = world.call(method, path, token).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_token_reads_only_the_repositories_it_was_narrowed_to() {
    let (world, id) = World::with_wide_app().await;
    let shop = world.get("/repos/octo/shop").await.body()["id"].clone();
    for body in [json!({ "repositories": ["Shop"] }), json!({ "repository_ids": [shop] })] {
        let made = world.token(id, body).await;
        assert_eq!(made.body()["repository_selection"], "selected");
        assert_eq!(made.body()["repositories"][0]["full_name"], "octo/shop");
        let token = made.body()["token"].as_str().unwrap();
        for (path, status) in [
            ("/repos/octo/shop/actions/runs", 200),
            ("/repos/octo/app/actions/runs", 404),
            ("/repos/octo/app", 404),
            ("/repos/corp/app", 404),
        ] {
            let response = world.call(Method::GET, path, token).await;
            assert_eq!(response.status().as_u16(), status, "{path}");
        }
        let own = world.call(Method::GET, "/installation/repositories", token).await;
        assert_eq!(own.body()["total_count"], 1);
        assert_eq!(own.body()["repository_selection"], "selected");
        let of_org = world.call(Method::GET, "/orgs/octo/repos", token).await;
        assert_eq!(of_org.body().as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_token_of_what_is_not_granted_is_refused() {
    let (world, id) = World::with_wide_app().await;
    let other = world.get("/repos/corp/app").await.body()["id"].clone();
    let mut results = Vec::new();
    for body in [
        json!({ "permissions": { "contents": "write" } }),
        json!({ "permissions": { "actions": "admin" } }),
        json!({ "permissions": { "pull-requests": "read" } }),
        json!({ "permissions": { "workflows": "read" } }),
        json!({ "permissions": ["actions"] }),
        json!({ "repositories": ["app", "none"] }),
        json!({ "repositories": ["octo/app"] }),
        json!({ "repositories": [] }),
        json!({ "repositories": "app" }),
        json!({ "repository_ids": [other] }),
        json!({ "repository_ids": ["app"] }),
    ] {
        let refused = world.token(id, body).await;
        let text = refused.body()["message"].as_str().unwrap_or("made").replace("\n\n", " ");
        results.push(format!("{} {text}", refused.status().as_u16()));
    }
    insta::assert_snapshot!(results.join("\n"), @r#"
    422 The permissions requested are not granted to this installation.
    422 Invalid request. "admin" is not a member of ["read","write"].
    422 Invalid request. "pull-requests" is not a permitted key.
    422 Invalid request. "read" is not a member of ["write"].
    422 Invalid request. "permissions" is not an object.
    422 There is at least one repository that does not exist or is not accessible to the parent installation.
    422 There is at least one repository that does not exist or is not accessible to the parent installation.
    422 There is at least one repository that does not exist or is not accessible to the parent installation.
    422 Invalid request. "repositories" is not a list of its type.
    422 There is at least one repository that does not exist or is not accessible to the parent installation.
    422 Invalid request. "repository_ids" is not a list of its type.
    "#);
    assert_eq!(world.token(id + 1, Value::Null).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_revoked_token_is_refused() {
    let (world, id) = World::with_wide_app().await;
    let made = world.token(id, Value::Null).await.into_body();
    assert_eq!(made["repository_selection"], "all");
    let token = made["token"].as_str().unwrap();
    let revoked = world.call(Method::DELETE, "/installation/token", token).await;
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT);
    let late = world.call(Method::GET, "/repos/octo/app", token).await;
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
    let by_user = world.api(Method::DELETE, "/installation/token", Value::Null).await;
    assert_eq!(by_user.status(), StatusCode::FORBIDDEN);
}
