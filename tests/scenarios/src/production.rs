//! The production path: every Azure service by TLS and by the app's identity, without a key or a signature.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use azure_identity_emulator::{self as identity, Identity};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Listening, Service, serve};
use local_deployment::{Options, QUEUE, STATE, Storage};
use tokio::net::TcpListener;

use crate::elsewhere::Elsewhere;
use crate::tls::{Bridge, bind};

/// The client id of the app's own identity.
pub const APP: &str = "6d617966-6c79-4170-b000-000000000001";
/// The client id of an identity that the app shares with others.
pub const SHARED: &str = "6d617966-6c79-4170-b000-000000000002";
const HEADER: &str = "mayfly-on-one-machine-identity-header";
/// The resource of Batch: its scope is `https://batch.core.windows.net//.default`.
const BATCH: &str = "https://batch.core.windows.net/";

/// What stands around a road that goes by identity.
pub struct Production {
    /// The token service beside the app.
    pub identity: Arc<Service<Identity>>,
    certificates: PathBuf,
    batch: Option<(TcpListener, SocketAddr)>,
    bridges: Vec<Bridge>,
    settings: BTreeMap<String, String>,
    _port: Listening,
}

impl Production {
    /// Starts the token service, and makes the settings of an app that has nothing but its identity.
    pub(crate) async fn start(elsewhere: &Elsewhere, account: &str, certificates: &Path) -> Self {
        let options = identity::Options {
            header: HEADER.to_owned(),
            system_assigned: Some(APP.to_owned()),
            user_assigned: vec![SHARED.to_owned()],
        };
        let identity =
            Service::new(Identity::new(options, EventContext::new(Clock::of_this_machine())));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let port = serve(Arc::clone(&identity), any).await.expect("a free port");
        let batch = bind().await;
        let authority = elsewhere.authority().expect("the service speaks TLS");
        let settings = [
            ("RunnerQueueUrl", format!("{}/{account}/{QUEUE}", elsewhere.queues)),
            ("StateContainerUrl", format!("{}/{account}/{STATE}", elsewhere.blobs)),
            ("BatchAccountUrl", format!("https://{}", batch.1)),
            ("BatchAccountKey", String::new()),
            ("ExtraCaCertificates", authority),
            ("IDENTITY_ENDPOINT", format!("{}{}", port.url, identity::PATH)),
            ("IDENTITY_HEADER", HEADER.to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        let (certificates, bridges) = (certificates.to_owned(), Vec::new());
        Self { identity, certificates, batch: Some(batch), bridges, settings, _port: port }
    }

    /// Gives the road its settings.
    pub(crate) fn furnish(&self, options: &mut Options) {
        options.settings.extend(self.settings.clone());
        options.batch_bearer = Some(self.identity.emulator.token(BATCH, APP));
    }

    /// Makes a storage account reachable without TLS, for the emulated Functions host.
    pub(crate) async fn bridge(&mut self, storage: Storage) -> Storage {
        let queues = self.bridge_to(&storage.queues).await;
        let blobs = self.bridge_to(&storage.blobs).await;
        Storage { queues, blobs, ..storage }
    }

    async fn bridge_to(&mut self, url: &str) -> String {
        let (address, account) = parts_of(url);
        let (listener, here) = bind().await;
        self.bridges.push(Bridge::into_tls(listener, address, &self.certificates));
        format!("http://{here}/{account}")
    }

    /// Puts TLS before the emulated Batch.
    pub(crate) fn lead_to_batch(&mut self, url: &str) {
        let (address, _) = parts_of(url);
        let (listener, _) = self.batch.take().expect("there is one Batch");
        self.bridges.push(Bridge::out_of_tls(listener, address, &self.certificates));
    }
}

/// Splits `scheme://address/account`.
fn parts_of(url: &str) -> (SocketAddr, &str) {
    let (_, rest) = url.split_once("://").expect("an address with a scheme");
    let (address, account) = rest.split_once('/').unwrap_or((rest, ""));
    (address.parse().expect("an address on loopback"), account)
}
