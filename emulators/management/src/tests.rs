use bytes::Bytes;
use chrono::DateTime;
use insta::assert_snapshot;

use super::*;
use azure_identity_emulator::{self as identity, Identity};
use emulator_core::service::Service;

const APP: &str = "/subscriptions/0a1b2c3d-0000-0000-0000-000000000001/resourceGroups/Mayfly_(1)/providers/Microsoft.Web/sites/mayfly";
const PATH: &str = "/subscriptions/0a1b2c3d-0000-0000-0000-000000000001/resourcegroups/mayfly_%281%29/providers/microsoft.web/sites/Mayfly/config/web?api-version=2024-11-01";
const AUDIENCE: &str = "https://management.azure.com";

/// An app's management API, and the token service beside the app.
struct World {
    management: Arc<Service<Management>>,
    identity: Arc<Identity>,
}

impl World {
    fn new() -> Self {
        let noon = DateTime::from_timestamp(1_795_262_400, 0).expect("2026-11-21T12:00:00Z");
        let site = EventContext::new(Clock::starting_at(noon));
        let options = Options { app: APP.to_owned(), audience: Some(AUDIENCE.to_owned()) };
        let of_app = identity::Options {
            header: "hush".to_owned(),
            system_assigned: Some("the-app".to_owned()),
            user_assigned: Vec::new(),
        };
        let management = Service::new(Management::new(options, site.clone()));
        Self { management, identity: Identity::new(of_app, site) }
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: &str) -> String {
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.body(Bytes::from(body.to_owned())).expect("a request");
        let answer = self.management.call(request).await.expect("an answer");
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        format!("{} {body}", answer.status().as_u16())
    }

    async fn ask(&self, method: &str, body: &str) -> String {
        let token = self.identity.token(AUDIENCE, "the-app");
        self.send(method, PATH, &token, body).await
    }

    async fn restrict(&self, rules: &str) -> String {
        self.ask("PATCH", &format!(r#"{{"properties":{{"ipSecurityRestrictions":{rules}}}}}"#))
            .await
    }
}

fn rules(answer: &str) -> String {
    let body: Value = serde_json::from_str(&answer[4..]).expect("JSON");
    body["properties"]["ipSecurityRestrictions"].to_string()
}

#[tokio::test]
async fn the_first_rule_closes_an_app_and_the_last_one_that_goes_opens_it() {
    let world = World::new();
    let open = r#"[{"action":"Allow","description":"Allow all access","ipAddress":"Any","name":"Allow all","priority":2147483647}]"#;
    assert_eq!(rules(&world.ask("GET", "").await), open);
    let rule = r#"{"ipAddress":"9.0.0.0/8,2a0a::/16","action":"Allow","priority":7,"name":"mine","headers":null}"#;
    let closed = world.restrict(&format!("[{},{rule}]", &open[1..open.len() - 1])).await;
    assert_snapshot!(closed, @r#"200 {"id":"/subscriptions/0a1b2c3d-0000-0000-0000-000000000001/resourceGroups/Mayfly_(1)/providers/Microsoft.Web/sites/mayfly","location":"West Europe","name":"mayfly","properties":{"alwaysOn":false,"appSettings":null,"ftpsState":"Disabled","http20Enabled":true,"ipSecurityRestrictions":[{"action":"Allow","ipAddress":"9.0.0.0/8,2a0a::/16","name":"mine","priority":7},{"action":"Deny","description":"Deny all access","ipAddress":"Any","name":"Deny all","priority":2147483647}],"ipSecurityRestrictionsDefaultAction":null,"linuxFxVersion":"","minTlsVersion":"1.2","numberOfWorkers":1,"scmIpSecurityRestrictionsUseMain":false},"type":"Microsoft.Web/sites"}"#);
    assert_eq!(rules(&world.ask("GET", "").await), rules(&closed));
    assert_eq!(rules(&world.restrict("[]").await), open);
    let chosen = r#"{"properties":{"ipSecurityRestrictionsDefaultAction":"Deny"}}"#;
    assert!(rules(&world.ask("PATCH", chosen).await).contains("Deny all"));
    assert_eq!(world.management.emulator.writes(), 3);
}

#[tokio::test]
async fn a_token_for_another_resource_or_of_yesterday_opens_nothing() {
    let world = World::new();
    let storage = world.identity.token("https://storage.azure.com", "the-app");
    let own = world.identity.token(&format!("{AUDIENCE}/"), "the-app");
    let code = |answer: String| {
        let body: Value = serde_json::from_str(&answer[4..]).expect("JSON");
        format!("{} {}", &answer[..3], body["error"]["code"].as_str().unwrap_or_default())
    };
    assert_eq!(code(world.send("GET", PATH, &own, "").await), "200 ");
    let asked = world.send("GET", PATH, &storage, "").await;
    assert_eq!(code(asked), "401 InvalidAuthenticationTokenAudience");
    let asked = world.send("GET", PATH, "hush", "").await;
    assert_eq!(code(asked), "401 InvalidAuthenticationToken");
    world.management.emulator.clock().advance(std::time::Duration::from_secs(24 * 3600));
    let asked = world.send("GET", PATH, &own, "").await;
    assert_eq!(code(asked), "401 ExpiredAuthenticationToken");
}

#[tokio::test]
async fn what_the_service_would_not_take_is_told() {
    let world = World::new();
    let rule = |change: &str| format!(r#"[{{"name":"mine",{change}}}]"#);
    let nine = "9.0.0.0/8,".repeat(9);
    let mut told = String::new();
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
        let answer = world.restrict(&rules).await;
        let body: Value = serde_json::from_str(&answer[4..]).expect("JSON");
        told += &format!("{} {}\n", &answer[..3], body["Message"].as_str().expect("a message"));
    }
    assert_snapshot!(told, @r#"
    400 a rule's action is neither Allow nor Deny
    400 a rule's priority is not a number from 1
    400 Tag is no member of IpSecurityRestriction
    400 "9.0.0.0" is not a range in CIDR notation
    400 a rule needs either a range or a subnet
    400 9 ranges are more than 8 in a rule
    400 ipSecurityRestrictions is not a list
    "#);
    assert_eq!(world.management.emulator.writes(), 0);
}

#[tokio::test]
async fn what_is_not_modelled_says_so() {
    let world = World::new();
    let other = r#"{"properties":{"minTlsVersion":"1.3"}}"#;
    assert!(world.ask("PATCH", other).await.starts_with("501 "));
    assert!(world.ask("PUT", other).await.starts_with("501 "));
    let token = world.identity.token(AUDIENCE, "the-app");
    for (path, status) in [
        (PATH.replace("/config/web", "/config/appsettings"), "501 "),
        (PATH.replace("2024-11-01", "2019-08-01"), "501 "),
        (PATH.replace("?api-version=2024-11-01", ""), "400 "),
        (PATH.replace("Mayfly/", "other/"), "404 "),
    ] {
        let answer = world.send("GET", &path, &token, "").await;
        assert!(answer.starts_with(status), "{path}: {answer}");
    }
}
