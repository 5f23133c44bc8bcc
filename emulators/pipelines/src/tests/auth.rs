//! What callers with and without valid credentials get.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator_core::token_key::TokenKey;
use http::{Method, header};
use serde_json::{Value, json};

use super::{TOKEN, World, api_request, basic};
use crate::{AccessLevel, ENTRA_AUDIENCE, PersonalToken};

const POOLS: &str = "distributedtask/pools";

async fn line(world: &World, method: Method, credential: &str, more: &[(&str, &str)]) -> String {
    let mut request = api_request(method, POOLS, &Value::Null, credential);
    for (name, value) in more {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = world.service.call(request).await.unwrap();
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
    let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind).to_owned();
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let key = body["typeKey"].as_str().unwrap_or_default();
    format!("{} {kind} {key}", response.status().as_u16()).trim_end().to_owned()
}

/// Returns a token of an emulated endpoint that is valid for ten minutes from the start.
fn entra(key: &TokenKey, audience: &str) -> String {
    let start = "2026-11-29T11:20:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let start = start.timestamp();
    let claims =
        json!({ "aud": audience, "nbf": start, "exp": start + 600, "oid": "mayfly-identity" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    key.sign(&format!("{}.{}", part(&json!({ "alg": "HS256" })), part(&claims)))
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_credential_gets_the_services_answer() {
    let key = TokenKey::new("hush");
    let (own, other) = (key.clone(), TokenKey::new("another"));
    let world = World::with(move |options| {
        options.entra_key = Some(own);
        let expires_at = Some("2026-11-29T11:00:00Z".parse().unwrap());
        options.tokens.push(PersonalToken { expires_at, ..PersonalToken::new("old") });
    });
    let valid = format!("Bearer {}", entra(&key, ENTRA_AUDIENCE));
    let forged = format!("Bearer {}", entra(&other, ENTRA_AUDIENCE));
    let of_batch = format!("Bearer {}", entra(&key, "https://batch.core.windows.net/"));
    let as_password = basic(&entra(&key, ENTRA_AUDIENCE));
    let (pat, expired, unknown) = (basic(TOKEN), basic("old"), basic("new"));
    let suppress = [("X-TFS-FedAuthRedirect", "Suppress")];
    let browser = [("Accept", "text/html")];
    let get = Method::GET;
    let lines = [
        format!("PAT: {}", line(&world, get.clone(), &pat, &[]).await),
        format!("expired PAT: {}", line(&world, get.clone(), &expired, &[]).await),
        format!("unknown PAT: {}", line(&world, get.clone(), &unknown, &[]).await),
        format!("Entra: {}", line(&world, get.clone(), &valid, &[]).await),
        format!("Entra as password: {}", line(&world, get.clone(), &as_password, &[]).await),
        format!("forged: {}", line(&world, get.clone(), &forged, &[]).await),
        format!("other audience: {}", line(&world, get.clone(), &of_batch, &[]).await),
        format!("forged, suppressed: {}", line(&world, get.clone(), &forged, &suppress).await),
        format!("browser: {}", line(&world, get.clone(), &forged, &browser).await),
        format!("none: {}", line(&world, get.clone(), "", &[]).await),
    ];
    world.clock.advance(std::time::Duration::from_secs(3600));
    let expired = line(&world, get, &valid, &[]).await;
    insta::assert_snapshot!(format!("{}\nexpired Entra: {expired}", lines.join("\n")), @"
    PAT: 200 application/json
    expired PAT: 401 application/json AccessCheckException
    unknown PAT: 401 application/json UnauthorizedRequestException
    Entra: 200 application/json
    Entra as password: 200 application/json
    forged: 203 text/html
    other audience: 203 text/html
    forged, suppressed: 401 application/json UnauthorizedRequestException
    browser: 302 text/html
    none: 203 text/html
    expired Entra: 203 text/html
    ");
}

#[tokio::test]
async fn an_expired_bearer_token_of_a_patch_gets_401() {
    let world = World::new();
    let request = api_request(Method::PATCH, "distributedtask/pools/1", &json!({}), "Bearer x");
    let (status, body) = world.call(request).await;
    assert_eq!((status, &body["typeKey"]), (401, &json!("UnauthorizedRequestException")));
}

#[tokio::test]
async fn a_reader_of_pools_manages_none() {
    let world = World::with(|options| {
        let reader = PersonalToken { access: AccessLevel::Read, ..PersonalToken::new("reader") };
        options.tokens.push(reader);
    });
    let call = async |method, path: &str, body: Value| {
        world.call(api_request(method, path, &body, &basic("reader"))).await
    };
    assert_eq!(call(Method::GET, POOLS, Value::Null).await.0, 200);
    let body = super::new_agent("az-1", json!({}));
    let (status, body) = call(Method::POST, "distributedtask/pools/1/agents", body).await;
    assert_eq!((status, &body["typeKey"]), (403, &json!("AccessDeniedException")));
}

#[tokio::test(start_paused = true)]
async fn an_identity_near_its_limit_is_warned_delayed_and_rejected() {
    let world = World::new();
    let call = async || {
        let start = world.clock.now();
        let request = api_request(Method::GET, POOLS, &Value::Null, &basic(TOKEN));
        let response = world.service.call(request).await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map_or("-", |value| value.to_str().unwrap()).to_owned()
        };
        let waited = (world.clock.now() - start).num_seconds();
        let names = ["x-ratelimit-remaining", "x-ratelimit-delay", "retry-after"];
        format!("{} after {waited} s: {}", response.status().as_u16(), names.map(header).join(" "))
    };
    let mut lines = vec![call().await];
    for units in [170.0, 100.0, 200.0] {
        world.pipelines.add_usage("pat", units);
        lines.push(call().await);
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    200 after 0 s: - - -
    200 after 0 s: 30 - -
    200 after 10 s: 0 10.523 289
    429 after 0 s: 0 30.000 300
    ");
}
