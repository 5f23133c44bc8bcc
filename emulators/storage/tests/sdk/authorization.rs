//! Who may do what: the SAS by a signature computed by hand, and everything that a SAS does not cover.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::form_urlencoded;

use crate::place::{KEY, Place, plain};

fn signature(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A SAS signed here, from the documented string; the fields are those of a working one, as changed.
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

/// What the queue service answers to somebody who puts a queue.
async fn put_queue(place: &Place, query: &str) -> String {
    let url = place.queue_url("/runner-requests", query);
    let answer = plain().put(url).header("x-ms-version", "2026-04-06").send().await.unwrap();
    let status = answer.status().as_u16();
    let code = answer.headers().get("x-ms-error-code").map(|code| code.to_str().unwrap());
    format!("{status} {}", code.unwrap_or("-"))
}

#[tokio::test]
async fn a_signature_made_by_hand_opens_and_nothing_else_does() {
    let place = Place::open().await;
    assert_eq!(put_queue(&place, &signed(&[])).await, "201 -");
    assert_eq!(put_queue(&place, &place.sas()).await, "204 -");
    // Before this version there was no line for the encryption scope; this string has it.
    let forged = [
        signed(&[("sv", "2020-10-02")]),
        signed(&[]).replace("2026-11-21T13", "2026-11-21T14"),
        place.sas().replace("ss=bq", "ss=bqt"),
        place.sas().replace("sig=", "sig=AAAA"),
        "sv=2021-12-02&sig=AAAA".to_owned(),
    ];
    for forged in forged {
        assert_eq!(put_queue(&place, &forged).await, "403 AuthenticationFailed", "{forged}");
    }
    assert_eq!(put_queue(&place, "").await, "401 NoAuthenticationInformation");
}

#[tokio::test]
async fn a_sas_holds_from_its_start_to_its_expiry() {
    let place = Place::open().await;
    let from = |start: &'static str| signed(&[("st", start)]);
    assert_eq!(put_queue(&place, &from("2026-11-21T12:30:00Z")).await, "403 AuthenticationFailed");
    for start in ["", "2026-11-21", "2026-11-21T12:00Z", "2026-11-21T11:59:59.1234567Z"] {
        assert_ne!(put_queue(&place, &from(start)).await, "403 AuthenticationFailed", "{start}");
    }
    place.advance(3000);
    assert_eq!(put_queue(&place, &signed(&[])).await, "204 -");
    place.advance(600);
    assert_eq!(put_queue(&place, &signed(&[])).await, "403 AuthenticationFailed");
}

#[tokio::test]
async fn a_sas_covers_only_what_it_names() {
    let place = Place::open().await;
    for (change, refusal) in [
        (("ss", "b"), "403 AuthorizationServiceMismatch"),
        (("srt", "so"), "403 AuthorizationResourceTypeMismatch"),
        (("sp", "rdlap"), "403 AuthorizationPermissionMismatch"),
        (("spr", "https"), "403 AuthorizationProtocolMismatch"),
        (("sip", "10.0.0.1-10.0.0.9"), "403 AuthorizationSourceIPMismatch"),
        (("sip", "127.0.0.1"), "201 -"),
    ] {
        assert_eq!(put_queue(&place, &signed(&[change])).await, refusal);
    }
}

#[tokio::test]
async fn who_may_only_create_replaces_nothing() {
    let place = Place::open().await;
    place.container("mayfly-state").create(None).await.unwrap();
    let put = async || {
        let url = place.blob_url("/mayfly-state/claim", &signed(&[("sp", "c")]));
        let request = plain().put(url).header("x-ms-blob-type", "BlockBlob").body("nonce");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(put().await, 201);
    assert_eq!(put().await, 403);
}

#[tokio::test]
async fn a_refusal_says_why_in_the_documented_shape() {
    let place = Place::open().await;
    let url = place.queue_url("/runner-requests", "sv=2021-12-02&sig=x");
    let request = plain().put(url).header("x-ms-client-request-id", "of-the-caller");
    let answer = request.send().await.unwrap();
    let headers = answer.headers().clone();
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/xml");
    assert!(header("date").starts_with("Sat, 21 Nov 2026 12:0"));
    assert_eq!(header("x-ms-client-request-id"), "of-the-caller");
    assert_eq!(header("x-ms-version"), "2026-04-06");
    let id = header("x-ms-request-id");
    let body = answer.text().await.unwrap().replace(id, "<id>");
    let (before, rest) = body.split_once("Time:2026-11-21T12:0").unwrap();
    let (_time, after) = rest.split_once('<').unwrap();
    insta::assert_snapshot!(format!("{before}Time:<time><{after}"), @r#"
    <?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.
    RequestId:<id>
    Time:<time></Message><AuthenticationErrorDetail>ss is mandatory. Cannot be empty</AuthenticationErrorDetail></Error>
    "#);
}

#[tokio::test]
async fn who_signs_with_the_account_key_may_do_everything() {
    let place = Place::open().await;
    place.queue("runner-requests").create(None).await.unwrap();
    let date = "Sat, 21 Nov 2026 12:00:00 GMT";
    let text = format!(
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2026-04-06\n\
         /mayfly/mayfly/runner-requests/messages\nnumofmessages:32\npeekonly:true"
    );
    let get = async |account: &str, query: &str| {
        let url = place.queue_url("/runner-requests/messages", query);
        let credential = format!("SharedKey {account}:{}", signature(&text));
        let request = plain().get(url).header("authorization", credential);
        let request = request.header("x-ms-date", date).header("x-ms-version", "2026-04-06");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(get("mayfly", "peekonly=true&numofmessages=32").await, 200);
    assert_eq!(get("mayfly", "peekonly=true&numofmessages=31").await, 403);
    assert_eq!(get("another", "peekonly=true&numofmessages=32").await, 403);
}

#[tokio::test]
async fn a_bearer_token_is_not_accepted_without_tls() {
    let place = Place::open().await;
    let url = place.queue_url("/runner-requests", "");
    let answer = plain().put(url).header("authorization", "Bearer e30.e30.e30");
    assert_eq!(answer.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn another_account_is_not_here() {
    let place = Place::open().await;
    let url = place.queue_url("/runner-requests", &place.sas());
    let url = url.as_str().replace("/mayfly/", "/another/");
    assert_eq!(plain().put(url).send().await.unwrap().status(), 404);
}
