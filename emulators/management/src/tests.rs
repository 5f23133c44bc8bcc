use std::sync::Arc;

use bytes::Bytes;
use chrono::DateTime;
use insta::assert_snapshot;
use serde_json::Value;

use super::*;
use azure_identity_emulator::{self as identity, Identity};
use emulator_core::events::EventContext;
use emulator_core::service::Service;
use emulator_core::token_key::TokenKey;

const APP: &str = "/subscriptions/0a1b2c3d-0000-0000-0000-000000000001/resourceGroups/Mayfly_(1)/providers/Microsoft.Web/sites/mayfly";
const PATH: &str = "/subscriptions/0a1b2c3d-0000-0000-0000-000000000001/resourcegroups/mayfly_%281%29/providers/microsoft.web/sites/Mayfly/config/web?api-version=2024-11-01";
const AUDIENCE: &str = "https://management.azure.com";

/// The management API of an app, and the token endpoint of the app.
struct TestApp {
    management: Arc<Service<Management>>,
    identity: Arc<Identity>,
}

impl TestApp {
    fn new() -> Self {
        Self::accepting(None)
    }

    /// Creates an API that accepts only tokens of this key, if there is one.
    fn accepting(token_key: Option<TokenKey>) -> Self {
        let noon = DateTime::from_timestamp(1_795_262_400, 0).expect("2026-11-21T12:00:00Z");
        let events = EventContext::new(Clock::starting_at(noon));
        let audience = Some(AUDIENCE.to_owned());
        let options = Options { app: APP.to_owned(), audience, token_key };
        let identities = identity::Options {
            header: "hush".to_owned(),
            system_assigned: Some("the-app".to_owned()),
            user_assigned: Vec::new(),
            federated: identity::FederatedCredential::default(),
        };
        let management = Service::new(Management::new(options, events.clone()));
        Self { management, identity: Identity::new(identities, events) }
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: &str) -> String {
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.body(Bytes::from(body.to_owned())).expect("a request");
        let response = self.management.call(request).await.expect("a response");
        let body: Value = serde_json::from_slice(response.body()).expect("JSON");
        format!("{} {body}", response.status().as_u16())
    }

    async fn call(&self, method: &str, body: &str) -> String {
        let token = self.identity.token(AUDIENCE, "the-app");
        self.send(method, PATH, &token, body).await
    }

    async fn restrict(&self, rules: &str) -> String {
        self.call("PATCH", &format!(r#"{{"properties":{{"ipSecurityRestrictions":{rules}}}}}"#))
            .await
    }
}

fn rules(response: &str) -> String {
    let body: Value = serde_json::from_str(&response[4..]).expect("JSON");
    body["properties"]["ipSecurityRestrictions"].to_string()
}

#[tokio::test]
async fn the_first_rule_closes_an_app_and_removing_the_last_opens_it() {
    let app = TestApp::new();
    let open = r#"[{"action":"Allow","description":"Allow all access","ipAddress":"Any","name":"Allow all","priority":2147483647}]"#;
    assert_eq!(rules(&app.call("GET", "").await), open);
    let rule = r#"{"ipAddress":"9.0.0.0/8,2a0a::/16","action":"Allow","priority":7,"name":"mine","headers":null}"#;
    let closed = app.restrict(&format!("[{},{rule}]", &open[1..open.len() - 1])).await;
    assert_snapshot!(closed, @r#"200 {"id":"/subscriptions/0a1b2c3d-0000-0000-0000-000000000001/resourceGroups/Mayfly_(1)/providers/Microsoft.Web/sites/mayfly","location":"West Europe","name":"mayfly","properties":{"alwaysOn":false,"appSettings":null,"ftpsState":"Disabled","http20Enabled":true,"ipSecurityRestrictions":[{"action":"Allow","ipAddress":"9.0.0.0/8,2a0a::/16","name":"mine","priority":7},{"action":"Deny","description":"Deny all access","ipAddress":"Any","name":"Deny all","priority":2147483647}],"ipSecurityRestrictionsDefaultAction":null,"linuxFxVersion":"","minTlsVersion":"1.2","numberOfWorkers":1,"scmIpSecurityRestrictionsUseMain":false},"type":"Microsoft.Web/sites"}"#);
    assert_eq!(rules(&app.call("GET", "").await), rules(&closed));
    assert_eq!(rules(&app.restrict("[]").await), open);
    let chosen = r#"{"properties":{"ipSecurityRestrictionsDefaultAction":"Deny"}}"#;
    assert!(rules(&app.call("PATCH", chosen).await).contains("Deny all"));
    assert_eq!(app.management.emulator.writes(), 3);
}

#[tokio::test]
async fn with_a_key_only_its_own_tokens_are_accepted() {
    let own = TestApp::accepting(Some(TokenKey::new("hush")));
    assert!(own.call("GET", "").await.starts_with("200 "));
    let other = TestApp::accepting(Some(TokenKey::new("another")));
    assert_snapshot!(other.call("GET", "").await, @r#"401 {"error":{"code":"InvalidAuthenticationToken","message":"The access token signature is invalid."}}"#);
    assert_eq!(other.management.emulator.writes(), 0);
}

#[tokio::test]
async fn a_token_that_is_expired_or_for_another_api_is_rejected() {
    let app = TestApp::new();
    let storage = app.identity.token("https://storage.azure.com", "the-app");
    let own = app.identity.token(&format!("{AUDIENCE}/"), "the-app");
    let code = |response: String| {
        let body: Value = serde_json::from_str(&response[4..]).expect("JSON");
        format!("{} {}", &response[..3], body["error"]["code"].as_str().unwrap_or_default())
    };
    assert_eq!(code(app.send("GET", PATH, &own, "").await), "200 ");
    let response = app.send("GET", PATH, &storage, "").await;
    assert_eq!(code(response), "401 InvalidAuthenticationTokenAudience");
    let response = app.send("GET", PATH, "hush", "").await;
    assert_eq!(code(response), "401 InvalidAuthenticationToken");
    app.management.emulator.clock().advance(std::time::Duration::from_secs(24 * 3600));
    let response = app.send("GET", PATH, &own, "").await;
    assert_eq!(code(response), "401 ExpiredAuthenticationToken");
}

#[tokio::test]
async fn invalid_rules_are_rejected_with_a_reason() {
    let app = TestApp::new();
    let rule = |change: &str| format!(r#"[{{"name":"mine",{change}}}]"#);
    let nine = "9.0.0.0/8,".repeat(9);
    let mut messages = String::new();
    for rules in [
        rule(r#""ipAddress":"9.0.0.0/8","action":"Permit","priority":7"#),
        rule(r#""ipAddress":"9.0.0.0/8","action":"Allow","priority":"7""#),
        rule(r#""ipAddress":"9.0.0.0/8","action":"Allow","priority":7,"Tag":"Default""#),
        rule(r#""ipAddress":"9.0.0.0","action":"Allow","priority":7"#),
        rule(r#""action":"Allow","priority":7"#),
        rule(&format!(
            r#""ipAddress":"{}","action":"Allow","priority":7"#,
            nine.trim_end_matches(',')
        )),
        "{}".to_owned(),
    ] {
        let response = app.restrict(&rules).await;
        let body: Value = serde_json::from_str(&response[4..]).expect("JSON");
        messages +=
            &format!("{} {}\n", &response[..3], body["Message"].as_str().expect("a message"));
    }
    assert_snapshot!(messages, @r#"
    400 the action of a rule must be Allow or Deny
    400 the priority of a rule must be at least 1
    400 Tag is not a property of IpSecurityRestriction
    400 "9.0.0.0" is not a range in CIDR notation
    400 a rule must have either a range or a subnet
    400 9 ranges in a rule exceed the maximum of 8
    400 ipSecurityRestrictions is not an array
    "#);
    assert_eq!(app.management.emulator.writes(), 0);
}

#[tokio::test]
async fn unmodelled_requests_are_answered_with_501() {
    let app = TestApp::new();
    let other = r#"{"properties":{"minTlsVersion":"1.3"}}"#;
    assert!(app.call("PATCH", other).await.starts_with("501 "));
    assert!(app.call("PUT", other).await.starts_with("501 "));
    let token = app.identity.token(AUDIENCE, "the-app");
    for (path, status) in [
        (PATH.replace("/config/web", "/config/appsettings"), "501 "),
        (PATH.replace("2024-11-01", "2019-08-01"), "501 "),
        (PATH.replace("?api-version=2024-11-01", ""), "400 "),
        (PATH.replace("Mayfly/", "other/"), "404 "),
    ] {
        let response = app.send("GET", &path, &token, "").await;
        assert!(response.starts_with(status), "{path}: {response}");
    }
}
