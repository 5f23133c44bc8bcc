use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use http::StatusCode;
use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::service::{
    Emulator, Listening, Request, Response, Service, json_response, origin, serve_with_tls,
};

/// A service that returns the address that its client used.
struct Address(Clock);

impl Emulator for Address {
    const NAME: &'static str = "address";
    type Operation = &'static str;

    fn operation(&self, _: &Request) -> Option<&'static str> {
        Some("Get")
    }

    async fn answer(&self, _: &'static str, request: Request) -> Response {
        json_response(StatusCode::OK, &json!({ "origin": origin(&request) }))
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        json_response(status, &json!({ "error": message }))
    }

    fn clock(&self) -> &Clock {
        &self.0
    }
}

async fn start(tls: Tls) -> Listening {
    let service = Service::new(Arc::new(Address(Clock::starting_at(DateTime::UNIX_EPOCH))));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    serve_with_tls(service, any, Some(tls)).await.expect("a free port")
}

fn client(trusted: &Path) -> reqwest::Client {
    let _ = default_provider().install_default();
    let pem = std::fs::read(trusted).expect("the file of the ready line");
    let authority = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    let client = reqwest::Client::builder().tls_certs_only([authority]);
    let client = client.resolve("batch.localhost", SocketAddr::from(([127, 0, 0, 1], 0)));
    client.timeout(Duration::from_secs(20)).build().expect("a client")
}

fn port(listening: &Listening) -> u16 {
    listening.url.rsplit_once(':').expect("a port").1.parse().expect("a number")
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served() {
    let tls = Tls::issued_by(Authority::temporary().unwrap(), &["batch.localhost".to_owned()]);
    let listening = start(tls.unwrap()).await;
    let ready: serde_json::Value = serde_json::from_str(&listening.ready_line()).unwrap();
    let client = client(Path::new(ready["ca"].as_str().unwrap()));
    let port = port(&listening);
    assert_eq!(ready["url"], format!("https://127.0.0.1:{port}"));
    assert!(ready["control"].as_str().unwrap().starts_with("http://"));
    for host in ["localhost", "127.0.0.1", "batch.localhost"] {
        let resolved = client.get(format!("https://{host}:{port}/")).send().await.unwrap();
        assert_eq!(resolved.version(), http::Version::HTTP_11);
        let body: serde_json::Value = resolved.json().await.unwrap();
        assert_eq!(body["origin"], format!("https://{host}:{port}"));
    }
}

#[test]
fn the_file_of_a_temporary_authority_is_deleted_with_it() {
    let authority = Authority::temporary().unwrap();
    let file = authority.file().to_owned();
    assert!(file.exists());
    drop(authority);
    assert!(!file.exists());
}

#[tokio::test]
async fn a_client_that_does_not_trust_it_fails_and_the_next_is_served() {
    let (own, other) = (Authority::temporary().unwrap(), Authority::temporary().unwrap());
    let listening = start(Tls::issued_by(own.clone(), &[]).unwrap()).await;
    assert!(client(other.file()).get(&listening.url).send().await.is_err());
    assert!(client(own.file()).get(&listening.url).send().await.is_ok());
}

#[tokio::test]
async fn a_slow_handshake_delays_no_other_client() {
    let listening = start(Tls::issued_by(Authority::temporary().unwrap(), &[]).unwrap()).await;
    let address = SocketAddr::from(([127, 0, 0, 1], port(&listening)));
    let mut silent: Vec<_> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    silent[0].write_all(&[22, 3, 1]).unwrap();
    let client = client(listening.certificate_authority().unwrap());
    assert!(client.get(&listening.url).send().await.is_ok());
}

#[tokio::test]
async fn plain_http_on_the_port_is_answered_with_the_reason() {
    let listening = start(Tls::issued_by(Authority::temporary().unwrap(), &[]).unwrap()).await;
    let address = SocketAddr::from(([127, 0, 0, 1], port(&listening)));
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("this port uses HTTPS"), "{answer}");
}

#[tokio::test]
async fn emulators_share_the_authority_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("new/ca");
    let first = start(Tls::issued_by(Authority::in_folder(&ca).unwrap(), &[]).unwrap()).await;
    let second = start(Tls::issued_by(Authority::in_folder(&ca).unwrap(), &[]).unwrap()).await;
    let client = client(&ca.join("ca.pem"));
    for listening in [&first, &second] {
        assert_eq!(listening.certificate_authority(), Some(&*ca.join("ca.pem")));
        assert!(client.get(&listening.url).send().await.is_ok());
    }
    let mode = std::fs::metadata(ca.join("ca.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_certificate_of_files_is_served_without_an_authority() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("own.pem"), folder.path().join("own.key"));
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let listening = start(Tls::from_files(&certificate, &key).unwrap()).await;
    assert!(!listening.ready_line().contains("\"ca\""), "{}", listening.ready_line());
    assert!(client(&certificate).get(&listening.url).send().await.is_ok());
}

#[test]
fn an_unusable_certificate_is_rejected_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(path("own.pem"), own.cert.pem()).unwrap();
    std::fs::write(path("empty"), "").unwrap();
    std::fs::write(path("other.key"), rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let cases =
        [("none", "none"), ("empty", "other.key"), ("own.pem", "empty"), ("own.pem", "other.key")];
    let errors = cases.map(|(certificate, key)| {
        let err = Tls::from_files(&path(certificate), &path(key)).unwrap_err().to_string();
        err.replace(&folder.path().display().to_string(), "DIR")
    });
    let expected = [
        "read DIR/none as PEM",
        "find a certificate in DIR/empty",
        "read DIR/empty as PEM",
        "use the certificate with its key",
    ];
    assert_eq!(errors, expected);
}
