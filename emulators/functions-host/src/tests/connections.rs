//! TLS, and connection strings with the emulated storage account behind them.

use std::net::SocketAddr;

use azure_storage_emulator::{Account, Queues};
use bytes::Bytes;
use chrono::TimeDelta;
use emulator_core::service::{Listening, Response, Service, serve_with_tls};
use emulator_core::tls::{Authority, Tls};
use emulator_core::transport::{self, Transport};
use serde_json::json;

use super::world::App;

const QUEUE: &str = "runner-requests";
const KEY: &str = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLXN0b3JhZ2Uta2V5";
const DEVELOPMENT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// An emulated account, and a client with a signature for it.
struct Storage {
    listening: Listening,
    name: &'static str,
    signature: String,
    transport: Transport,
}

impl Storage {
    async fn start(app: &App, listen: &str, (name, key): (&'static str, &str), tls: bool) -> Self {
        let account = Account::new(name, key).unwrap();
        let signature = account.sas(app.events.clock.now() + TimeDelta::days(1));
        let service = Service::new(Queues::new(account, app.events.clone()));
        let tls = tls.then(|| Tls::issued_by(Authority::temporary().unwrap(), &[]).unwrap());
        let listen: SocketAddr = listen.parse().unwrap();
        let listening = serve_with_tls(service, listen, tls).await.expect("a free port");
        let transport = transport::https(listening.certificate_authority()).unwrap();
        let storage = Self { listening, name, signature, transport };
        assert_eq!(storage.send("PUT", QUEUE, "").await.status(), 201);
        storage
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Response {
        let Self { listening, name, signature, transport } = self;
        let separator = if path.contains('?') { '&' } else { '?' };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/{name}/{path}{separator}{signature}", listening.url))
            .header("x-ms-version", "2024-11-04")
            .body(Bytes::copy_from_slice(body.as_bytes()));
        transport(request.unwrap()).await.unwrap()
    }

    /// Returns the messages of a queue as XML.
    async fn messages(&self, queue: &str) -> String {
        let response = self.send("GET", &format!("{queue}/messages?peekonly=true"), "").await;
        assert_eq!(response.status(), 200, "{queue}");
        String::from_utf8_lossy(response.body()).into_owned()
    }
}

/// Checks that a message is handled, and that one that cannot be decoded is moved to the poison queue, which requires
/// every request that the host sends to storage.
async fn check(app: App, storage: Storage, connection: &str) {
    let mut app = app
        .setting("AzureWebJobsStorage", &connection.replace("{url}", &storage.listening.url))
        .function(
            "Submit",
            json!([{ "type": "queueTrigger", "direction": "in", "name": "request",
                     "queueName": QUEUE, "connection": "AzureWebJobsStorage" }]),
        );
    app.options.storage = Some(storage.transport.clone());
    let mut world = app.start().await;
    for text in ["not base64!", "eyJqb2IiOjd9"] {
        let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        let put = storage.send("POST", &format!("{QUEUE}/messages"), &body).await;
        assert_eq!(put.status(), 201);
    }
    assert_eq!(world.invoked("Submit").await, 200, "{connection}");
    while storage.messages(QUEUE).await.contains("<QueueMessage>")
        || storage.send("GET", &format!("{QUEUE}-poison?comp=metadata"), "").await.status() != 200
    {
        tokio::task::yield_now().await;
    }
    assert!(storage.messages(&format!("{QUEUE}-poison")).await.contains("not base64!"));
}

#[tokio::test]
async fn the_key_of_an_account_signs_each_request() {
    let app = App::new();
    let storage = Storage::start(&app, "127.0.0.1:0", ("acct", KEY), false).await;
    let connection = format!("AccountName=acct;AccountKey={KEY};QueueEndpoint={{url}}/acct/");
    check(app, storage, &connection).await;
}

#[tokio::test]
async fn a_connection_may_use_https() {
    let app = App::new();
    let storage = Storage::start(&app, "127.0.0.1:0", ("acct", KEY), true).await;
    let connection = format!("QueueEndpoint={{url}}/acct;AccountName=acct;AccountKey={KEY}");
    check(app, storage, &connection).await;
}

#[tokio::test]
async fn a_signature_is_used_as_it_is() {
    let app = App::new();
    let storage = Storage::start(&app, "127.0.0.1:0", ("acct", KEY), false).await;
    let connection =
        format!("QueueEndpoint={{url}}/acct;SharedAccessSignature=?{}", storage.signature);
    check(app, storage, &connection).await;
}

#[tokio::test]
async fn development_storage_is_the_account_of_azurite() {
    let app = App::new();
    // The port is fixed, so an address of loopback is used that no other program listens on.
    let account = ("devstoreaccount1", DEVELOPMENT_KEY);
    let storage = Storage::start(&app, "127.85.17.3:10001", account, false).await;
    let connection = "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://127.85.17.3";
    check(app, storage, connection).await;
}

#[tokio::test]
async fn a_function_is_invoked_over_https() {
    let mut world = App::with_http("Job", "anonymous").start().await;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let tls = Tls::issued_by(Authority::temporary().unwrap(), &[]).unwrap();
    let listening = serve_with_tls(world.service.clone(), any, Some(tls)).await.unwrap();
    let client = transport::https(listening.certificate_authority()).unwrap();
    let request = http::Request::post(format!("{}/api/Job", listening.url));
    let response = client(request.body(Bytes::from_static(b"hello")).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(world.received().await["body"], "aGVsbG8=");
}
