//! Both services of one account on loopback, with clients of the SDK.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, RetryOptions, Transport, Url};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use azure_storage_emulator::{Account, Blobs, Queues};
use azure_storage_queue::{
    QueueClient, QueueClientOptions, QueueServiceClient, QueueServiceClientOptions,
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Listening, Request, Service, serve};

pub(crate) const KEY: &str = "bWF5ZmxpZXMgbGl2ZSBmb3Igb25lIGRheQ==";

/// Both services of the account `mayfly`; the clock starts at noon.
pub(crate) struct TestAccount {
    pub(crate) events: EventContext,
    pub(crate) account: Account,
    pub(crate) queues: Arc<Service<Queues>>,
    pub(crate) blobs: Arc<Service<Blobs>>,
    pub(crate) queue_port: Listening,
    pub(crate) blob_port: Listening,
}

pub(crate) fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_262_400, 0).expect("2026-11-21T12:00:00Z")
}

impl TestAccount {
    pub(crate) async fn open() -> Self {
        let events = EventContext::new(Clock::starting_at(noon()));
        let account = Account::new("mayfly", KEY).expect("the key is base64");
        let queues = Service::new(Queues::new(account.clone(), events.clone()));
        let blobs = Service::new(Blobs::new(account.clone(), events.clone()));
        let any = "127.0.0.1:0".parse().expect("an address");
        let queue_port = serve(Arc::clone(&queues), any).await.expect("a free port");
        let blob_port = serve(Arc::clone(&blobs), any).await.expect("a free port");
        Self { events, account, queues, blobs, queue_port, blob_port }
    }

    /// Returns a SAS that is valid for a day.
    pub(crate) fn sas(&self) -> String {
        self.account.sas(noon() + TimeDelta::days(1))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.events.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn queue_url(&self, path: &str, query: &str) -> Url {
        Url::parse(&format!("{}/mayfly{path}?{query}", self.queue_port.url)).expect("an address")
    }

    pub(crate) fn blob_url(&self, path: &str, query: &str) -> Url {
        Url::parse(&format!("{}/mayfly{path}?{query}", self.blob_port.url)).expect("an address")
    }

    pub(crate) fn queue(&self, name: &str) -> QueueClient {
        self.queue_with(name, &self.sas())
    }

    pub(crate) fn queue_with(&self, name: &str, sas: &str) -> QueueClient {
        let options = QueueClientOptions { client_options: no_retries(), ..Default::default() };
        QueueClient::new(self.queue_url(&format!("/{name}"), sas), None, Some(options))
            .expect("valid options")
    }

    pub(crate) fn queue_service(&self) -> QueueServiceClient {
        let options =
            QueueServiceClientOptions { client_options: no_retries(), ..Default::default() };
        QueueServiceClient::new(self.queue_url("/", &self.sas()), None, Some(options))
            .expect("valid options")
    }

    pub(crate) fn container(&self, name: &str) -> BlobContainerClient {
        self.container_with(name, &self.sas())
    }

    pub(crate) fn container_with(&self, name: &str, sas: &str) -> BlobContainerClient {
        let options =
            BlobContainerClientOptions { client_options: no_retries(), ..Default::default() };
        BlobContainerClient::new(self.blob_url(&format!("/{name}"), sas), None, Some(options))
            .expect("valid options")
    }
}

/// Creates a request that needs no socket.
pub(crate) fn request(method: &str, uri: &str, body: &str) -> Request {
    let mut request = Request::new(Bytes::copy_from_slice(body.as_bytes()));
    *request.method_mut() = method.parse().expect("a method");
    *request.uri_mut() = uri.parse().expect("an address");
    request
}

/// Creates an HTTP client without the SDK.
pub(crate) fn http_client() -> reqwest::Client {
    // The only error is that another test has installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).build().expect("valid options")
}

fn no_retries() -> ClientOptions {
    let transport = Some(Transport::new(Arc::new(http_client())));
    ClientOptions { retry: RetryOptions::none(), transport, ..Default::default() }
}

/// Returns the status and the published code of an error of the SDK.
#[track_caller]
pub(crate) fn code_of<T>(result: azure_core::Result<T>) -> String {
    let Err(err) = result else { panic!("the call succeeded, but an error is expected") };
    match err.kind() {
        azure_core::error::ErrorKind::HttpResponse { status, error_code, .. } => {
            format!("{} {}", u16::from(*status), error_code.as_deref().unwrap_or("-"))
        }
        other => panic!("no response: {other:?}"),
    }
}
