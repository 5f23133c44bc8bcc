//! GitHub Apps: their authentication, and the access of their tokens.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::*;
use crate::{App, NewJob, Visibility};
use emulator_core::events::EventKind;

const PRIVATE_KEY: &[u8] = include_bytes!("../../../../handler/tests/keys/app.pkcs1.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("../../../../handler/tests/keys/app.public.der");

pub(super) fn app() -> App {
    App {
        id: 7,
        client_id: "Iv23".to_owned(),
        public_key: STANDARD.encode(PUBLIC_KEY),
        installed_on: ["octo".to_owned()].into(),
        permissions: [("actions".to_owned(), "read".to_owned())].into(),
    }
}

/// Signs a JWT.
pub(super) fn jwt(claims: Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256", "typ": "JWT" }).to_string());
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = PrivateKeyDer::from_pem_slice(PRIVATE_KEY).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signer.sign(signed.as_bytes()).unwrap()))
}

impl World {
    pub(super) async fn with_app() -> Self {
        let world = Self::start().await;
        world.github.add_repository("octo/app", Visibility::Private);
        world.github.add_repository("corp/app", Visibility::Private);
        world.github.add_app(app());
        world
    }

    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        token: &str,
    ) -> http::Response<Value> {
        let request = self.request(method, path);
        let mut request = request.body(Bytes::new()).unwrap();
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        self.send(request).await
    }

    /// Requests the installation with a JWT; returns the status and the message.
    async fn installation_status(&self, claims: Value) -> String {
        let response = self.call(Method::GET, "/repos/octo/app/installation", &jwt(claims)).await;
        format!(
            "{} {}",
            response.status().as_u16(),
            response.body()["message"].as_str().unwrap_or("-")
        )
    }

    pub(super) fn claims(&self, iat: i64, exp: i64) -> Value {
        let now = self.clock.now().timestamp();
        json!({ "iss": 7, "iat": now + iat, "exp": now + exp })
    }
}

#[tokio::test]
async fn a_jwt_is_accepted_while_signed_and_valid() {
    let world = World::with_app().await;
    let claims = world.claims(-60, 540);
    let results = [
        world.installation_status(claims.clone()).await,
        world.installation_status(claims).await,
        world.installation_status(world.claims(5, 540)).await,
        world.installation_status(world.claims(-60, 601)).await,
        world.installation_status(world.claims(-600, 0)).await,
        world.installation_status(json!({ "iss": "Iv99", "iat": 0, "exp": 0 })).await,
    ];
    insta::assert_snapshot!(results.join("\n"), @r"
    200 -
    200 -
    401 'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued
    401 'Expiration time' claim ('exp') is too far in the future
    401 'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires
    401 A JSON web token could not be decoded
    ");
    let mut forged = jwt(world.claims(-60, 500));
    forged.replace_range(forged.len() - 6..forged.len() - 4, "__");
    let response = world.call(Method::GET, "/repos/octo/app/installation", &forged).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_installation_token_is_limited_to_account_rights_and_hour() {
    let world = World::with_app().await;
    let token = jwt(world.claims(-60, 540));
    let found = world.call(Method::GET, "/orgs/octo/installation", &token).await;
    let path = format!("/app/installations/{}/access_tokens", found.body()["id"]);
    let created = world.call(Method::POST, &path, &jwt(world.claims(-59, 540))).await;
    assert_eq!(created.status(), StatusCode::CREATED);
    let token = created.body()["token"].as_str().unwrap();
    let expires_at: DateTime<Utc> = created.body()["expires_at"].as_str().unwrap().parse().unwrap();
    let ttl = expires_at - world.clock.now();
    assert!(ttl > TimeDelta::minutes(59) && ttl <= TimeDelta::hours(1), "{ttl}");
    let mut results = Vec::new();
    for path in
        ["/repos/octo/app/actions/runs", "/repos/octo/app/actions/runners", "/repos/corp/app"]
    {
        let status = world.call(Method::GET, path, token).await.status().as_u16();
        results.push(format!("{status} {path}"));
    }
    world.clock.advance(Duration::from_secs(3600));
    let late = world.call(Method::GET, "/repos/octo/app/actions/runs", token).await;
    results.push(format!("{} an hour later", late.status().as_u16()));
    insta::assert_snapshot!(results.join("\n"), @r"
    200 /repos/octo/app/actions/runs
    403 /repos/octo/app/actions/runners
    404 /repos/corp/app
    401 an hour later
    ");
}

#[tokio::test]
async fn an_apps_webhook_covers_the_accounts_that_installed_it() {
    let mut world = World::with_app().await;
    let (receiver, listening) = Receiver::start(&world, &[200, 500]).await;
    world.github.add_app_hook(7, &listening.url, "a secret");
    world.github.until(|github| github.deliveries()[0].outcome.clone()).await;
    world.github.queue_job(NewJob::new("corp/app", &["linux"]));
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world.wait_for(|event| matches!(event, EventKind::Delivered { status: 500, .. })).await;
    let payload: Value =
        serde_json::from_slice(receiver.received("workflow_job")[0].body()).unwrap();
    assert_eq!(payload["repository"]["full_name"], "octo/app");
    assert!(payload["installation"]["id"].is_u64(), "{}", payload["installation"]);
    let config = world.call(Method::GET, "/app/hook/config", &jwt(world.claims(-60, 540))).await;
    assert_eq!(config.body()["url"], listening.url);
    let path = "/app/hook/deliveries?status=failure";
    let failed = world.call(Method::GET, path, &jwt(world.claims(-59, 540))).await.into_body();
    assert_eq!(failed.as_array().map(Vec::len), Some(1), "{failed}");
    let path = format!("/app/hook/deliveries/{}/attempts", failed[0]["id"]);
    let again = world.call(Method::POST, &path, &jwt(world.claims(-58, 540))).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    world.wait_for(|event| matches!(event, EventKind::Delivered { status: 200, .. })).await;
    let by_token = world.get("/app/hook/deliveries").await;
    assert_eq!(by_token.status(), StatusCode::UNAUTHORIZED, "the App API accepts only a JWT");
}

#[tokio::test]
async fn an_app_reads_itself_and_its_installations() {
    let world = World::with_app().await;
    world.github.add_app(App { id: 8, client_id: "Iv24".to_owned(), ..app() });
    let token = jwt(world.claims(-60, 540));
    let found = world.call(Method::GET, "/app", &token).await.into_body();
    let shown = json!([found["id"], found["installations_count"], found["permissions"]]);
    assert_eq!(shown, json!([7, 1, { "actions": "read", "metadata": "read" }]));
    let all = world.call(Method::GET, "/app/installations", &token).await.into_body();
    let id = all[0]["id"].as_u64().unwrap();
    for (path, status) in [
        (format!("/app/installations/{id}"), 200),
        (format!("/app/installations/{}", id + 1), 404),
        ("/users/octo/installation".to_owned(), 200),
        ("/users/corp/installation".to_owned(), 404),
        ("/app/hook/config".to_owned(), 404),
    ] {
        assert_eq!(
            world.call(Method::GET, &path, &token).await.status().as_u16(),
            status,
            "{path}"
        );
    }
    assert_eq!(
        world.get("/app").await.status(),
        StatusCode::UNAUTHORIZED,
        "not with a user's token"
    );
}

#[tokio::test]
async fn the_control_port_sets_the_only_webhook_of_an_app() {
    let world = World::with_app().await;
    let (receiver, listening) = Receiver::start(&world, &[]).await;
    let hook = |app: u64| json!({ "url": listening.url, "secret": "s", "app": app });
    assert_eq!(world.command(Method::POST, "/hooks", hook(99)).await.0, 400);
    for _ in 0..2 {
        assert_eq!(world.command(Method::POST, "/hooks", hook(7)).await.0, 201);
    }
    let both = json!({ "url": "u", "secret": "s", "app": 7, "scope": { "organization": "octo" } });
    assert_eq!(world.command(Method::POST, "/hooks", both).await.0, 400);
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world
        .github
        .until(|github| github.deliveries().iter().all(|it| it.outcome.is_some()).then_some(()))
        .await;
    assert_eq!(receiver.received("workflow_job").len(), 1);
    let token = jwt(world.claims(-60, 540));
    let path = "/app/hook/config";
    let change = |body: Value| {
        let request = world.request(Method::PATCH, path).body(Bytes::from(body.to_string()));
        let mut request = request.unwrap();
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        world.send(request)
    };
    let changed = change(json!({ "url": "http://127.0.0.1:9/", "content_type": "json" })).await;
    assert_eq!(changed.body()["url"], "http://127.0.0.1:9/");
    assert_eq!(change(json!({ "content_type": "form" })).await.status().as_u16(), 501);
}
