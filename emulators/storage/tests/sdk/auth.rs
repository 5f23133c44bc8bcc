//! Authentication and permissions: a SAS signed by the test, Shared Key, and rejected requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::form_urlencoded;

use crate::account::{KEY, TestAccount, http_client};

fn signature(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns a SAS signed by the test from the documented string: a valid one with some fields changed.
fn signed(changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("sp", "rwdlacup"),
        ("ss", "bq"),
        ("srt", "sco"),
        ("st", "2026-11-21T11:00:00Z"),
        ("se", "2026-11-21T13:00:00Z"),
        ("sip", ""),
        ("spr", "https,http"),
        ("sv", "2021-12-02"),
        ("ses", ""),
    ];
    for (name, value) in changes {
        let field = fields.iter_mut().find(|(field, _)| field == name).expect("a field");
        field.1 = value;
    }
    let lines: Vec<_> = fields.iter().map(|(_, value)| *value).collect();
    let text = format!("mayfly\n{}\n", lines.join("\n"));
    let signature = signature(&text);
    let present = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let pairs = present.chain([("sig", signature.as_str())]);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Returns the result of Create Queue.
async fn put_queue(account: &TestAccount, query: &str) -> String {
    let url = account.queue_url("/runner-requests", query);
    let response =
        http_client().put(url).header("x-ms-version", "2026-04-06").send().await.unwrap();
    let status = response.status().as_u16();
    let code = response.headers().get("x-ms-error-code").map(|code| code.to_str().unwrap());
    format!("{status} {}", code.unwrap_or("-"))
}

#[tokio::test]
async fn only_a_correct_signature_is_accepted() {
    let account = TestAccount::open().await;
    assert_eq!(put_queue(&account, &signed(&[])).await, "201 -");
    assert_eq!(put_queue(&account, &account.sas()).await, "204 -");
    // The string to sign of this version has no line for the encryption scope, but the signed string has it.
    let forged = [
        signed(&[("sv", "2020-10-02")]),
        signed(&[]).replace("2026-11-21T13", "2026-11-21T14"),
        account.sas().replace("ss=bq", "ss=bqt"),
        account.sas().replace("sig=", "sig=AAAA"),
        "sv=2021-12-02&sig=AAAA".to_owned(),
    ];
    for forged in forged {
        assert_eq!(put_queue(&account, &forged).await, "403 AuthenticationFailed", "{forged}");
    }
    assert_eq!(put_queue(&account, "").await, "401 NoAuthenticationInformation");
}

#[tokio::test]
async fn a_sas_is_valid_from_its_start_to_its_expiry() {
    let account = TestAccount::open().await;
    let from = |start: &'static str| signed(&[("st", start)]);
    assert_eq!(
        put_queue(&account, &from("2026-11-21T12:30:00Z")).await,
        "403 AuthenticationFailed"
    );
    for start in ["", "2026-11-21", "2026-11-21T12:00Z", "2026-11-21T11:59:59.1234567Z"] {
        assert_ne!(put_queue(&account, &from(start)).await, "403 AuthenticationFailed", "{start}");
    }
    account.advance(3000);
    assert_eq!(put_queue(&account, &signed(&[])).await, "204 -");
    account.advance(600);
    assert_eq!(put_queue(&account, &signed(&[])).await, "403 AuthenticationFailed");
}

#[tokio::test]
async fn a_sas_covers_only_its_services_resources_and_permissions() {
    let account = TestAccount::open().await;
    for (change, error) in [
        (("ss", "b"), "403 AuthorizationServiceMismatch"),
        (("srt", "so"), "403 AuthorizationResourceTypeMismatch"),
        (("sp", "rdlap"), "403 AuthorizationPermissionMismatch"),
        (("spr", "https"), "403 AuthorizationProtocolMismatch"),
        (("sip", "10.0.0.1-10.0.0.9"), "403 AuthorizationSourceIPMismatch"),
        (("sip", "127.0.0.1"), "201 -"),
    ] {
        assert_eq!(put_queue(&account, &signed(&[change])).await, error);
    }
}

#[tokio::test]
async fn a_create_permission_does_not_allow_an_overwrite() {
    let account = TestAccount::open().await;
    account.container("mayfly-state").create(None).await.unwrap();
    let put = async || {
        let url = account.blob_url("/mayfly-state/claim", &signed(&[("sp", "c")]));
        let request = http_client().put(url).header("x-ms-blob-type", "BlockBlob").body("nonce");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(put().await, 201);
    assert_eq!(put().await, 403);
}

#[tokio::test]
async fn an_error_has_the_documented_format() {
    let account = TestAccount::open().await;
    let url = account.queue_url("/runner-requests", "sv=2021-12-02&sig=x");
    let request = http_client().put(url).header("x-ms-client-request-id", "client-id");
    let response = request.send().await.unwrap();
    let headers = response.headers().clone();
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/xml");
    assert!(header("date").starts_with("Sat, 21 Nov 2026 12:0"));
    assert_eq!(header("x-ms-client-request-id"), "client-id");
    assert_eq!(header("x-ms-version"), "2021-12-02");
    let id = header("x-ms-request-id");
    let body = response.text().await.unwrap().replace(id, "<id>");
    let (before, rest) = body.split_once("Time:2026-11-21T12:0").unwrap();
    let (_time, after) = rest.split_once('<').unwrap();
    insta::assert_snapshot!(format!("{before}Time:<time><{after}"), @r#"
    ﻿<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.
    RequestId:<id>
    Time:<time></Message><AuthenticationErrorDetail>ss is mandatory. Cannot be empty</AuthenticationErrorDetail></Error>
    "#);
}

#[tokio::test]
async fn shared_key_grants_all_permissions() {
    let account = TestAccount::open().await;
    account.queue("runner-requests").create(None).await.unwrap();
    let date = "Sat, 21 Nov 2026 12:00:00 GMT";
    let text = format!(
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2026-04-06\n\
         /mayfly/mayfly/runner-requests/messages\nnumofmessages:32\npeekonly:true"
    );
    let get = async |signer: &str, query: &str| {
        let url = account.queue_url("/runner-requests/messages", query);
        let credential = format!("SharedKey {signer}:{}", signature(&text));
        let request = http_client().get(url).header("authorization", credential);
        let request = request.header("x-ms-date", date).header("x-ms-version", "2026-04-06");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(get("mayfly", "peekonly=true&numofmessages=32").await, 200);
    assert_eq!(get("mayfly", "peekonly=true&numofmessages=31").await, 403);
    assert_eq!(get("another", "peekonly=true&numofmessages=32").await, 403);
}

/// Lists queues with Shared Key, and the given date and version headers.
async fn list_signed(account: &TestAccount, headers: &[(&str, &str)]) -> String {
    let mut lines = "GET\n\n\n\n\n\n".to_owned();
    let date = headers.iter().find(|(name, _)| *name == "date").map(|(_, value)| *value);
    lines += &format!("{}\n\n\n\n\n\n", date.unwrap_or_default());
    for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-ms-")) {
        lines += &format!("{name}:{value}\n");
    }
    let text = format!("{lines}/mayfly/mayfly/\ncomp:list");
    let credential = format!("SharedKey mayfly:{}", signature(&text));
    let mut request = http_client().get(account.queue_url("/", "comp=list"));
    request = request.header("authorization", credential);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
    let detail = text.split_once("<AuthenticationErrorDetail>").map(|(_, rest)| rest);
    let detail = detail.and_then(|rest| rest.split('<').next()).unwrap_or_default();
    format!("{status} {detail}").trim_end().to_owned()
}

#[tokio::test]
async fn a_signed_date_is_at_most_fifteen_minutes_off() {
    let account = TestAccount::open().await;
    let version = ("x-ms-version", "2026-04-06");
    let dated = async |time: &str| {
        let date = format!("Sat, 21 Nov 2026 {time} GMT");
        let by_date = list_signed(&account, &[("date", date.as_str()), version]).await;
        let by_header = list_signed(&account, &[("x-ms-date", date.as_str()), version]).await;
        assert_eq!(by_date, by_header);
        by_header
    };
    for time in ["11:45:10", "12:00:00", "12:14:50"] {
        assert_eq!(dated(time).await, "200", "{time}");
    }
    let too_old = "403 Request date header too old: 'Sat, 21 Nov 2026 11:44:50 GMT'";
    assert_eq!(dated("11:44:50").await, too_old);
    let ahead = "403 Request date header in the future: 'Sat, 21 Nov 2026 12:16:00 GMT'";
    assert_eq!(dated("12:16:00").await, ahead);
    let missing = "403 Request date header not specified";
    assert_eq!(list_signed(&account, &[version]).await, missing);
    assert_eq!(list_signed(&account, &[("x-ms-date", "yesterday"), version]).await, missing);

    // A caller follows the clock of the emulators, or that of its machine.
    account.advance(7200);
    assert_eq!(dated("14:00:00").await, "200");
    assert_eq!(dated("12:00:00").await, "200");
    assert!(dated("13:00:00").await.starts_with("403 "));
}

#[tokio::test]
async fn shared_key_needs_a_version() {
    let account = TestAccount::open().await;
    let date = [("x-ms-date", "Sat, 21 Nov 2026 12:00:00 GMT")];
    assert!(list_signed(&account, &date).await.starts_with("403 x-ms-version is not specified"));
}

#[tokio::test]
async fn a_bearer_token_is_rejected_without_tls() {
    let account = TestAccount::open().await;
    let url = account.queue_url("/runner-requests", "");
    let response = http_client().put(url).header("authorization", "Bearer e30.e30.e30");
    assert_eq!(response.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn another_account_is_not_found() {
    let account = TestAccount::open().await;
    let url = account.queue_url("/runner-requests", &account.sas());
    let url = url.as_str().replace("/mayfly/", "/another/");
    assert_eq!(http_client().put(url).send().await.unwrap().status(), 404);
}

/// By "Create an account SAS": leases require Write; Delete is sufficient to break one.
#[tokio::test]
async fn a_sas_for_deletion_only_breaks_leases() {
    let account = TestAccount::open().await;
    let send = async |path: &str, query: &str, action: &str| {
        let url = account.blob_url(path, query);
        let request = http_client().put(url).header("x-ms-lease-action", action);
        let request = request.header("x-ms-lease-duration", "-1").header("content-length", "0");
        let response = request.header("x-ms-blob-type", "BlockBlob").send().await.unwrap();
        let code = response.headers().get("x-ms-error-code").map(|code| code.to_str().unwrap());
        format!("{} {}", response.status().as_u16(), code.unwrap_or("-"))
    };
    let all = signed(&[]);
    send("/state", &format!("restype=container&{all}"), "").await;
    send("/state/blob", &all, "").await;
    for (path, query) in [("/state/blob", "comp=lease"), ("/state", "comp=lease&restype=container")]
    {
        let [all, delete, read] =
            ["rwd", "d", "r"].map(|sp| format!("{query}&{}", signed(&[("sp", sp)])));
        let mismatch = "403 AuthorizationPermissionMismatch";
        assert_eq!(send(path, &read, "acquire").await, mismatch);
        assert_eq!(send(path, &delete, "acquire").await, mismatch);
        assert_eq!(send(path, &all, "acquire").await, "201 -");
        assert_eq!(send(path, &read, "break").await, mismatch);
        assert_eq!(send(path, &delete, "break").await, "202 -");
    }
}
