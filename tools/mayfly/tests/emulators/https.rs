//! `mayfly emulate … --tls`: each service over real HTTPS, with tokens of the emulated identity.

use std::process::Command;

use emulator_core::transport::{self, Transport};
use http::StatusCode;
use serde_json::Value;

use crate::program::Emulated;

async fn get(client: &Transport, url: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = http::Request::get(url).header("user-agent", "test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client(request.body(Vec::new().into()).expect("a request")).await.expect(url);
    (response.status(), String::from_utf8_lossy(response.body()).into_owned())
}

/// Returns the `Authorization` of a managed identity.
async fn bearer(identity: &Emulated, resource: &str) -> String {
    let url = format!("{}/msi/token?api-version=2019-08-01&resource={resource}", identity.url());
    let headers = [("x-identity-header", local_deployment::IDENTITY_HEADER)];
    let (status, body) = get(&identity.client(), &url, &headers).await;
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    format!("Bearer {}", body["access_token"].as_str().expect("a token"))
}

#[tokio::test]
async fn each_service_answers_over_https_with_a_token() {
    let identity = Emulated::start(&["identity", "--tls"]);
    let site = format!("{}/config/web?api-version=2024-11-01", local_deployment::FUNCTION_APP);
    let cases: [(&[&str], &str, &str, u16); 6] = [
        (&["batch"], "/jobs?api-version=2025-06-01", "https://batch.core.windows.net/", 200),
        (&["queue"], "/mayflystorage?comp=list", "https://storage.azure.com", 200),
        (&["blob"], "/mayflystorage?comp=list", "https://mayflystorage.blob.core.windows.net", 200),
        (
            &["management", "--audience", "https://management.azure.com"],
            &site,
            "https://management.azure.com",
            200,
        ),
        (
            &["pipelines"],
            "/contoso/_apis/distributedtask/pools",
            "499b84ac-1321-427f-aa17-267ca6975798",
            200,
        ),
        (&["github"], "/meta", "https://storage.azure.com", 401),
    ];
    for (arguments, path, resource, expected) in cases {
        let emulated = Emulated::start(&[arguments, &["--tls"]].concat());
        let token = bearer(&identity, resource).await;
        let headers = [("authorization", &*token), ("x-ms-version", "2024-11-04")];
        let url = format!("{}{path}", emulated.url());
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");
        let (status, body) = get(&emulated.client(), &url, &headers).await;
        assert_eq!(status, expected, "{url}: {body}");
        let (status, body) = get(&transport::http(), &url.replace("https:", "http:"), &[]).await;
        assert_eq!(status, 400, "{body}");
        assert!(body.contains("https://"), "{body}");
    }
}

#[tokio::test]
async fn a_token_for_another_resource_is_rejected() {
    let identity = Emulated::start(&["identity", "--tls"]);
    let vault = bearer(&identity, "https://vault.azure.net").await;
    for (service, path) in [
        ("batch", "/jobs?api-version=2025-06-01"),
        ("queue", "/mayflystorage?comp=list"),
        ("blob", "/mayflystorage?comp=list"),
    ] {
        let emulated = Emulated::start(&[service, "--tls"]);
        let headers = [("authorization", &*vault), ("x-ms-version", "2024-11-04")];
        let url = format!("{}{path}", emulated.url());
        let (status, body) = get(&emulated.client(), &url, &headers).await;
        assert_eq!(status, 401, "{service}: {body}");
    }
}

#[test]
fn emulators_share_a_folder_with_their_authority() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca");
    let token = folder.path().join("token");
    let ca_option = ["--tls-ca", ca.to_str().unwrap()];
    let queue = Emulated::start(&[&["queue"], &ca_option[..]].concat());
    let federated = ["identity", "--federated-token", token.to_str().unwrap()];
    let identity = Emulated::start(&[&federated, &ca_option[..]].concat());
    assert_eq!(queue.ready["ca"], ca.join("ca.pem").to_str().unwrap());
    assert_eq!(queue.ready["ca"], identity.ready["ca"]);
    for secret in [token, ca.join("ca.key")] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&secret).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", secret.display());
    }
}

#[test]
fn an_unusable_certificate_ends_the_start() {
    let command = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_mayfly")).arg("emulate").args(arguments).output();
        let output = output.unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let error = command(&["queue", "--tls-cert", "/none.pem", "--tls-key", "/none.key"]);
    assert!(error.contains("failed to read /none.pem as PEM"), "{error}");
    let error = command(&["batch", "--tls-cert", "/none.pem"]);
    assert!(error.contains("--tls-key"), "{error}");
}
