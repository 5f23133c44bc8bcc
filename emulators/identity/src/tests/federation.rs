//! The endpoint of Microsoft Entra ID, over HTTPS as libraries demand.

use std::collections::BTreeMap;

use emulator_core::service::serve_with_tls;
use emulator_core::tls::{Authority, Tls};
use emulator_core::transport::{self, Transport};
use url::form_urlencoded;

use super::*;

/// The endpoint, and a client that trusts its certificate.
struct Entra {
    identity: Arc<Identity>,
    port: Listening,
    client: Transport,
}

const BATCH: &str = "https://batch.core.windows.net//.default";

impl Entra {
    async fn start() -> Self {
        let options = Options {
            header: "hush".to_owned(),
            system_assigned: Some("the-app".to_owned()),
            user_assigned: vec!["shared".to_owned()],
            federated: FederatedCredential::default(),
        };
        let identity = Identity::new(options, EventContext::new(Clock::starting_at(noon())));
        let any = "127.0.0.1:0".parse().expect("an address");
        let tls = Tls::issued_by(Authority::temporary().unwrap(), &[]).unwrap();
        let service = Service::new(Arc::clone(&identity));
        let port = serve_with_tls(service, any, Some(tls)).await.expect("a free port");
        let client = transport::https(port.certificate_authority()).unwrap();
        Self { identity, port, client }
    }

    async fn send(&self, request: http::request::Builder, body: String) -> (u16, Value) {
        let response = (self.client)(request.body(Bytes::from(body)).unwrap()).await.unwrap();
        let body = serde_json::from_slice(response.body()).expect("JSON");
        (response.status().as_u16(), body)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = http::Request::get(format!("{}{path}", self.port.url));
        self.send(request, String::new()).await
    }

    /// Requests a token as a workload does, with changes to the form; an empty value removes a parameter.
    async fn request_token(&self, tenant: &str, changes: &[(&str, &str)]) -> (u16, Value) {
        let assertion = self.identity.federated_token();
        let mut form = BTreeMap::from([
            ("grant_type", "client_credentials"),
            ("client_id", "shared"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &*assertion),
            ("scope", BATCH),
        ]);
        form.extend(changes.iter().copied());
        form.retain(|_, value| !value.is_empty());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.port.url);
        let request = http::Request::post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("client-request-id", "request-1");
        self.send(request, body).await
    }
}

/// Returns a federated token with another claim, signed by the emulator or by another issuer.
fn assertion(change: impl FnOnce(&mut FederatedCredential), header: &str) -> String {
    let mut federated = FederatedCredential::default();
    change(&mut federated);
    let options = Options {
        header: header.to_owned(),
        system_assigned: None,
        user_assigned: vec![],
        federated,
    };
    Identity::new(options, EventContext::new(Clock::starting_at(noon()))).federated_token()
}

#[tokio::test]
async fn a_federated_token_gets_a_token_for_its_resource() {
    let entra = Entra::start().await;
    let (status, mut body) = entra.request_token(TENANT, &[]).await;
    let token = body["access_token"].take();
    let claims = token.as_str().and_then(|token| token.split('.').nth(1)).expect("three parts");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
    assert_eq!(status, 200, "{body}");
    assert_snapshot!(body, @r#"{"access_token":null,"expires_in":86400,"ext_expires_in":86400,"token_type":"Bearer"}"#);
    assert_eq!(
        (&claims["aud"], &claims["appid"]),
        (&"https://batch.core.windows.net/".into(), &"shared".into())
    );
}

#[tokio::test]
async fn a_wrong_request_is_rejected_with_the_number_of_entra() {
    let entra = Entra::start().await;
    let other_issuer = assertion(|federated| federated.issuer += "/other", "hush");
    let other_subject = assertion(|federated| federated.subject += "-2", "hush");
    let other_audience = assertion(|federated| federated.audience += "s", "hush");
    let forged = assertion(|_| {}, "another key");
    let cases: [(&str, &[(&str, &str)]); 17] = [
        ("another-tenant", &[]),
        (TENANT, &[("grant_type", "")]),
        (TENANT, &[("grant_type", "banana")]),
        (TENANT, &[("grant_type", "password")]),
        (TENANT, &[("client_id", "unknown")]),
        (TENANT, &[("client_assertion", "")]),
        (TENANT, &[("client_assertion", ""), ("client_secret", "hush")]),
        (TENANT, &[("client_assertion", "banana")]),
        (TENANT, &[("client_assertion", &forged)]),
        (TENANT, &[("client_assertion", &other_issuer)]),
        (TENANT, &[("client_assertion", &other_subject)]),
        (TENANT, &[("client_assertion", &other_audience)]),
        (TENANT, &[("client_assertion_type", "")]),
        (TENANT, &[("scope", "")]),
        (TENANT, &[("scope", "https://batch.core.windows.net/")]),
        (TENANT, &[("scope", "https://a.test/.default https://b.test/.default")]),
        (TENANT, &[("scope", "https://a.test/.default")]),
    ];
    let mut outcomes = String::new();
    for (tenant, changes) in cases {
        let (status, body) = entra.request_token(tenant, changes).await;
        let texts = ["error", "error_description", "message"].map(|name| body[name].as_str());
        let text = texts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        outcomes += &format!("{status} {}\n", text.split(" Trace ID").next().unwrap_or_default());
    }
    assert_snapshot!(outcomes, @r"
    400 invalid_request AADSTS90002: Tenant 'another-tenant' not found: the emulator has the tenant 6d617966-6c79-4c69-a665-73666f726461.
    400 invalid_request AADSTS900144: The request has no parameter 'grant_type'.
    400 unsupported_grant_type AADSTS70003: The grant type 'banana' is not supported.
    501 A flow with a user is not modelled
    400 unauthorized_client AADSTS700016: Application with identifier 'unknown' was not found in the directory.
    401 invalid_client AADSTS7000218: The request body must contain 'client_assertion' or 'client_secret'.
    501 A client secret is not modelled
    400 invalid_request AADSTS50027: The assertion is not a JWT.
    401 invalid_client AADSTS50013: The assertion's signature is not valid.
    401 invalid_client AADSTS700211: No federated identity credential matches the issuer 'https://oidc.localhost/mayfly/other' of the assertion.
    401 invalid_client AADSTS700213: No federated identity credential matches the subject 'system:serviceaccount:default:mayfly-2' of the assertion.
    401 invalid_client AADSTS700212: No federated identity credential matches the audience 'api://AzureADTokenExchanges' of the assertion.
    400 invalid_request AADSTS900144: The request has no parameter 'client_assertion_type'.
    400 invalid_request AADSTS900144: The request has no parameter 'scope'.
    400 invalid_scope AADSTS1002012: The scope 'https://batch.core.windows.net/' is not valid: client credentials need RESOURCE/.default.
    400 invalid_scope AADSTS70011: The scope 'https://a.test/.default https://b.test/.default' is not valid: name one resource.
    400 invalid_resource AADSTS500011: The resource principal named https://a.test was not found in the tenant named 6d617966-6c79-4c69-a665-73666f726461. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.
    ");
    let (_, body) = entra.request_token(TENANT, &[("client_id", "unknown")]).await;
    assert_snapshot!(body, @r#"{"correlation_id":"request-1","error":"unauthorized_client","error_codes":[700016],"error_description":"AADSTS700016: Application with identifier 'unknown' was not found in the directory. Trace ID: 00000000-0000-0000-0000-000000000000 Correlation ID: request-1 Timestamp: 2026-11-21 12:00:00Z","timestamp":"2026-11-21 12:00:00Z","trace_id":"00000000-0000-0000-0000-000000000000"}"#);
    assert!(entra.identity.token_requests().is_empty());
}

#[tokio::test]
async fn a_federated_token_is_valid_for_a_day() {
    let entra = Entra::start().await;
    let old = entra.identity.federated_token();
    entra.identity.clock().advance(Duration::from_secs(24 * 3600));
    let (status, body) = entra.request_token(TENANT, &[("client_assertion", &old)]).await;
    assert_eq!((status, &body["error_codes"]), (401, &serde_json::json!([700_024])));
}

#[tokio::test]
async fn discovery_names_the_endpoints_of_the_emulator() {
    let entra = Entra::start().await;
    let base = entra.port.url.clone();
    let (status, document) =
        entra.get(&format!("/{TENANT}/v2.0/.well-known/openid-configuration")).await;
    assert_eq!(status, 200);
    assert_eq!(document["token_endpoint"], format!("{base}/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(document["issuer"], format!("{base}/{TENANT}/v2.0"));
    let (status, instance) = entra.get("/common/discovery/instance?api-version=1.1").await;
    assert_eq!(status, 200);
    assert_eq!(instance["metadata"][0]["aliases"][0], base.trim_start_matches("https://"));
    assert_eq!(entra.get("/nowhere/v2.0/.well-known/openid-configuration").await.0, 400);
    assert_eq!(entra.get(&format!("/{TENANT}/discovery/v2.0/keys")).await.0, 501);
}
