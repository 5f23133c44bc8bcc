//! A storage service other than the emulators: all test environments share it, and each has its own account.

use std::path::PathBuf;

use azure_storage_emulator::Account;
use chrono::TimeDelta;
use emulator_core::clock::Clock;
use local_deployment::Storage;
use reqwest::Client;
use serde::Deserialize;

/// The environment variable that describes the service, as JSON of [`ExternalStorage`]. If it is not set, the tests use
/// the emulators.
const VARIABLE: &str = "MAYFLY_STORAGE";

/// A running storage service.
#[derive(Deserialize)]
pub(crate) struct ExternalStorage {
    /// The URL of its queues, without the account.
    pub(crate) queues: String,
    /// The URL of its blobs, without the account.
    pub(crate) blobs: String,
    /// Its accounts, one per test environment.
    pub(crate) accounts: Vec<String>,
    /// The key of every account.
    pub(crate) key: String,
    /// A folder with `ca.pem`, `server.pem` and `server.key`, if the service uses TLS. The handler then authenticates
    /// with its managed identity, without a key or a signature.
    pub(crate) certificates: Option<PathBuf>,
}

impl ExternalStorage {
    /// Reads the variable; returns `None` if the tests use the emulators.
    #[expect(clippy::disallowed_methods, reason = "tests are configured by this variable")]
    pub(crate) fn from_environment() -> Option<Self> {
        let text = std::env::var(VARIABLE).ok()?;
        Some(serde_json::from_str(&text).expect("the variable describes a storage service"))
    }

    /// Returns the CA certificate of the service, if it uses TLS.
    pub(crate) fn authority(&self) -> Option<String> {
        let file = self.certificates.as_ref()?.join("ca.pem");
        Some(std::fs::read_to_string(file).expect("the CA certificate"))
    }

    /// Returns the connection string of an account, with its key.
    pub(crate) fn connection_with_key(&self, account: &str) -> String {
        let Self { key, queues, .. } = self;
        format!("AccountName={account};AccountKey={key};QueueEndpoint={queues}/{account}")
    }

    /// Reserves an account that no other test environment uses: the account belongs to the environment that creates its
    /// queue.
    pub(crate) async fn acquire_account(&self, client: &Client) -> (String, Storage) {
        let expires = Clock::of_this_machine().now() + TimeDelta::days(1);
        for name in &self.accounts {
            let account = Account::new(name, &self.key).expect("a key in base64");
            let storage = Storage {
                queues: format!("{}/{name}", self.queues),
                blobs: format!("{}/{name}", self.blobs),
                signature: account.sas(expires),
            };
            if storage.create_queue(client).await.expect("the service creates a queue") {
                return (name.clone(), storage);
            }
        }
        panic!("all {} accounts are in use", self.accounts.len());
    }
}
