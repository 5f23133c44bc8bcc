//! Authentication as in production: every Azure service over TLS with the app's managed identity, without a key or a
//! signature.

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

use crate::external_storage::ExternalStorage;
use crate::tls::{Bridge, bind};

/// The client id of the system-assigned identity.
pub const SYSTEM_ASSIGNED: &str = "6d617966-6c79-4170-b000-000000000001";
/// The client id of the user-assigned identity.
pub const USER_ASSIGNED: &str = "6d617966-6c79-4170-b000-000000000002";
const HEADER: &str = "mayfly-on-one-machine-identity-header";
/// The resource of Batch: its scope is `https://batch.core.windows.net//.default`.
const BATCH: &str = "https://batch.core.windows.net/";

/// The services of a deployment that authenticates with managed identities.
pub struct ManagedIdentity {
    /// The token service of the app.
    pub identity: Arc<Service<Identity>>,
    certificates: PathBuf,
    batch: Option<(TcpListener, SocketAddr)>,
    bridges: Vec<Bridge>,
    settings: BTreeMap<String, String>,
    _port: Listening,
}

impl ManagedIdentity {
    /// Starts the token service, and prepares the settings of an app without keys and signatures.
    pub(crate) async fn start(
        external: &ExternalStorage,
        account: &str,
        certificates: &Path,
    ) -> Self {
        let options = identity::Options {
            header: HEADER.to_owned(),
            system_assigned: Some(SYSTEM_ASSIGNED.to_owned()),
            user_assigned: vec![USER_ASSIGNED.to_owned()],
            federated: identity::FederatedCredential::default(),
        };
        let identity =
            Service::new(Identity::new(options, EventContext::new(Clock::of_this_machine())));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let port = serve(Arc::clone(&identity), any).await.expect("a free port");
        let batch = bind().await;
        let authority = external.authority().expect("the service uses TLS");
        let settings = [
            ("RunnerQueueUrl", format!("{}/{account}/{QUEUE}", external.queues)),
            ("StateContainerUrl", format!("{}/{account}/{STATE}", external.blobs)),
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

    /// Adds the settings to the options of a deployment.
    pub(crate) fn configure(&self, options: &mut Options) {
        options.settings.extend(self.settings.clone());
        options.batch_bearer = Some(self.identity.emulator.token(BATCH, SYSTEM_ASSIGNED));
    }

    /// Makes a storage account reachable without TLS, for the emulated Functions host.
    pub(crate) async fn bridge(&mut self, storage: Storage) -> Storage {
        let queues = self.bridge_to(&storage.queues).await;
        let blobs = self.bridge_to(&storage.blobs).await;
        Storage { queues, blobs, ..storage }
    }

    async fn bridge_to(&mut self, url: &str) -> String {
        let (address, account) = split_url(url);
        let (listener, here) = bind().await;
        self.bridges.push(Bridge::into_tls(listener, address, &self.certificates));
        format!("http://{here}/{account}")
    }

    /// Makes the emulated Batch available over TLS.
    pub(crate) fn serve_batch(&mut self, url: &str) {
        let (address, _) = split_url(url);
        let (listener, _) = self.batch.take().expect("there is one Batch account");
        self.bridges.push(Bridge::out_of_tls(listener, address, &self.certificates));
    }
}

/// Splits `scheme://address/account`.
fn split_url(url: &str) -> (SocketAddr, &str) {
    let (_, rest) = url.split_once("://").expect("an address with a scheme");
    let (address, account) = rest.split_once('/').unwrap_or((rest, ""));
    (address.parse().expect("an address on loopback"), account)
}
