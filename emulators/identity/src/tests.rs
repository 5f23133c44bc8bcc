use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::DateTime;
use insta::assert_snapshot;
use serde_json::Value;

use super::*;
use emulator_core::events::EventContext;
use emulator_core::service::{Listening, Service, serve};

mod federation;

/// An app with two identities, and its token endpoint on loopback.
struct App {
    identity: Arc<Identity>,
    port: Listening,
}

fn noon() -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(1_795_262_400, 0).expect("2026-11-21T12:00:00Z")
}

const STORAGE: &str = "api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com";

impl App {
    async fn start() -> Self {
        let options = Options {
            header: "hush".to_owned(),
            system_assigned: Some("the-app".to_owned()),
            user_assigned: vec!["shared".to_owned()],
            federated: FederatedCredential::default(),
        };
        let identity = Identity::new(options, EventContext::new(Clock::starting_at(noon())));
        let any = "127.0.0.1:0".parse().expect("an address");
        let port = serve(Service::new(Arc::clone(&identity)), any).await.expect("a free port");
        Self { identity, port }
    }

    async fn get_token(&self, query: &str, header: &str) -> (u16, Value) {
        let uri = format!("{}{PATH}?{query}", self.port.url);
        let request = http::Request::get(uri).header("X-IDENTITY-HEADER", header);
        let request = request.body(Bytes::new()).expect("a request");
        let client =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                .build_http::<http_body_util::Full<Bytes>>();
        let response = client.request(request.map(http_body_util::Full::new)).await;
        let response = response.expect("a response");
        let status = response.status().as_u16();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.expect("a body");
        (status, serde_json::from_slice(&body.to_bytes()).expect("JSON"))
    }
}

#[tokio::test]
async fn a_token_has_its_resource_identity_and_validity() {
    let app = App::start().await;
    let (status, mut body) = app.get_token(STORAGE, "hush").await;
    let token = body["access_token"].take();
    let claims = token.as_str().and_then(|token| token.split('.').nth(1)).expect("three parts");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    assert_eq!(status, 200);
    assert_snapshot!(body, @r#"{"access_token":null,"client_id":"the-app","expires_on":"1795348800","not_before":"1795262100","resource":"https://storage.azure.com","token_type":"Bearer"}"#);
    assert_snapshot!(String::from_utf8_lossy(&claims), @r#"{"appid":"the-app","aud":"https://storage.azure.com","exp":1795348800,"iat":1795262100,"iss":"https://sts.windows.net/6d617966-6c79-4c69-a665-73666f726461/","nbf":1795262100,"oid":"the-app","sub":"the-app","tid":"6d617966-6c79-4c69-a665-73666f726461","ver":"1.0"}"#);
}

#[tokio::test]
async fn a_wrong_header_is_rejected() {
    let app = App::start().await;
    let (status, body) = app.get_token(STORAGE, "another").await;
    assert_snapshot!(format!("{status} {body}"), @r#"401 {"message":"X-IDENTITY-HEADER does not match IDENTITY_HEADER","statusCode":401}"#);
    assert!(app.identity.token_requests().is_empty());
}

#[tokio::test]
async fn an_invalid_request_is_rejected_with_its_reason() {
    let app = App::start().await;
    let user = |id: &str| format!("{STORAGE}&client_id={id}");
    let queries = [
        "resource=https%3A%2F%2Fstorage.azure.com".to_owned(),
        "api-version=2019-08-01".to_owned(),
        STORAGE.replace("2019", "2017"),
        user("unknown"),
        user("shared"),
        format!("{STORAGE}&mi_res_id=/subscriptions/s"),
        STORAGE.replace("https%3A%2F%2Fstorage.azure.com", "nonsense"),
        STORAGE.replace("storage.azure", "storage.example"),
    ];
    let mut outcomes = String::new();
    for query in queries {
        let (status, body) = app.get_token(&query, "hush").await;
        outcomes += &format!("{status} {}\n", body["message"].as_str().unwrap_or("a token"));
    }
    assert_snapshot!(outcomes, @r"
    400 api-version and resource are required
    400 api-version and resource are required
    400 the api-version is not supported
    400 the app has no such managed identity
    200 a token
    501 GET /msi/token is not modelled
    400 AADSTS500011: The resource principal named nonsense was not found in the tenant named 6d617966-6c79-4c69-a665-73666f726461. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.
    400 AADSTS500011: The resource principal named https://storage.example.com was not found in the tenant named 6d617966-6c79-4c69-a665-73666f726461. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.
    ");
    let shared = TokenRequest {
        resource: "https://storage.azure.com".to_owned(),
        client_id: "shared".to_owned(),
    };
    assert_eq!(app.identity.token_requests(), [shared]);
}

#[tokio::test]
async fn a_token_is_cached_for_eight_hours() {
    let app = App::start().await;
    let token = || app.identity.token("https://vault.azure.net", "the-app");
    let first = token();
    app.identity.clock().advance(Duration::from_secs(8 * 3600 - 10));
    assert_eq!(token(), first);
    app.identity.clock().advance(Duration::from_secs(10));
    assert_ne!(token(), first);
}
